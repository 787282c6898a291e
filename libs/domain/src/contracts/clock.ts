/**
 * What Clock promises. Must cope with a clock that really runs: nothing is said of how late a task may be.
 */
import { describe, expect, it, vi } from 'vitest';
import { type Clock, repeat, sleep } from '../ports/clock.js';

export interface ClockSetUp {
  readonly open: () => Clock;
  /** Lets this much time pass on the clock opened last: really waits, or advances it. */
  readonly passTime: (ms: number) => Promise<void>;
}

/** Registers the suite. */
export function clockContract(name: string, setUp: ClockSetUp): void {
  describe(`${name} keeps the contract of Clock`, () => {
    tellingTime(setUp);
    runningTasks(setUp);
    cancellingRepeats(setUp);
    takingTurns(setUp);
  });
}

function tellingTime({ open, passTime }: ClockSetUp): void {
  it('tells epoch milliseconds and a steady time that both go on', async () => {
    const clock = open();
    const [now, steady] = [clock.now(), clock.monotonic()];
    expect(now).toBeGreaterThan(1_600_000_000_000);
    expect(Number.isInteger(now)).toBe(true);
    await passTime(60);
    expect(clock.monotonic() - steady).toBeGreaterThanOrEqual(50);
    expect(clock.now() - now).toBeGreaterThanOrEqual(50);
  });
}

function runningTasks({ open, passTime }: ClockSetUp): void {
  it('runs a task once, and not before its time', async () => {
    const clock = open();
    const start = clock.monotonic();
    const ran: number[] = [];
    clock.after(40, () => ran.push(clock.monotonic() - start));
    expect(ran).toEqual([]);
    await passTime(20);
    const early = ran.filter((at) => at < 40);
    await passTime(200);
    expect(early).toEqual([]);
    expect(ran).toHaveLength(1);
  });

  it('runs tasks in the order of their times', async () => {
    const clock = open();
    const ran: string[] = [];
    for (const [ms, task] of [
      [90, 'c'],
      [1, 'a'],
      [45, 'b'],
    ] as const)
      clock.after(ms, () => ran.push(task));
    await passTime(300);
    expect(ran).toEqual(['a', 'b', 'c']);
  });

  it('never runs a cancelled task, and lets it be cancelled twice or too late', async () => {
    const clock = open();
    const ran: string[] = [];
    const cancelled = clock.after(20, () => ran.push('cancelled'));
    const kept = clock.after(20, () => ran.push('kept'));
    cancelled.cancel();
    cancelled.cancel();
    await passTime(200);
    kept.cancel();
    expect(ran).toEqual(['kept']);
  });

  it('wakes who sleeps', async () => {
    const clock = open();
    let isAwake = false;
    const sleeping = sleep(clock, 20).then(() => {
      isAwake = true;
    });
    expect(isAwake).toBe(false);
    await passTime(100);
    await sleeping;
    expect(isAwake).toBe(true);
  });

  it('repeats a task, one run at a time, until it is cancelled', async () => {
    const clock = open();
    let runs = 0;
    let running = 0;
    let most = 0;
    const timer = repeat(
      clock,
      () => 10,
      async () => {
        runs += 1;
        running += 1;
        most = Math.max(most, running);
        await sleep(clock, 15);
        running -= 1;
      },
    );
    await passTime(400);
    timer.cancel();
    await passTime(100);
    const before = runs;
    await passTime(100);
    expect(before).toBeGreaterThan(2);
    expect(runs).toBe(before);
    expect(most).toBe(1);
  });
}

function cancellingRepeats({ open, passTime }: ClockSetUp): void {
  it('runs a repeated task no more when it is cancelled while it runs', async () => {
    const clock = open();
    let runs = 0;
    const timer = repeat(
      clock,
      () => 5,
      async () => {
        runs += 1;
        await sleep(clock, 100);
      },
    );
    await passTime(60);
    timer.cancel();
    await passTime(400);
    expect(runs).toBe(1);
  });
}

function takingTurns({ open, passTime }: ClockSetUp): void {
  it('lets promises that are ready go before a task that falls due', async () => {
    const clock = open();
    const ran: string[] = [];
    clock.after(5, () => ran.push('task'));
    const chain = async () => {
      for (let link = 0; link < 10; link++) await Promise.resolve();
      ran.push('promise');
    };
    void chain();
    await passTime(100);
    expect(ran).toEqual(['promise', 'task']);
  });

  it('runs a task of the next turn after this one and its promises, in order', async () => {
    const clock = open();
    const ran: string[] = [];
    for (const task of ['first', 'second']) clock.nextTurn(() => ran.push(task));
    await Promise.resolve();
    ran.push('promise');
    await passTime(1);
    await vi.waitFor(() => expect(ran).toEqual(['promise', 'first', 'second']));
  });
}
