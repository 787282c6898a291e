/** The fake clock keeps the contract of a clock, and moves only when it is told to. */
import { clockContract } from '@carillon/domain/contracts';
import { sleep } from '@carillon/domain/ports';
import { expect, it } from 'vitest';
import { FakeClock } from './fake-clock.js';

let clock = new FakeClock();

clockContract('FakeClock', {
  open: () => {
    clock = new FakeClock();
    return clock;
  },
  passTime: (ms) => clock.advance(ms),
});

it('starts where it is told to and stands still', async () => {
  const fake = new FakeClock(42);
  await new Promise((resolve) => setImmediate(resolve));
  expect([fake.now(), fake.monotonic()]).toEqual([42, 0]);
});

it('shows every task the time at which it is due, also tasks made on the way', async () => {
  const fake = new FakeClock(0);
  const ran: number[] = [];
  fake.after(10, () => {
    ran.push(fake.now());
    fake.after(5, () => ran.push(fake.now()));
    fake.after(100, () => ran.push(fake.now()));
  });
  await fake.advance(50);
  expect(ran).toEqual([10, 15]);
  expect(fake.monotonic()).toBe(50);
  await fake.advance(60);
  expect(ran).toEqual([10, 15, 110]);
});

it('runs tasks of one time in the order in which they were made', async () => {
  const fake = new FakeClock();
  const ran: number[] = [];
  for (const n of [1, 2, 3]) fake.after(7, () => ran.push(n));
  await fake.advance(7);
  expect(ran).toEqual([1, 2, 3]);
});

it('lets chains of promises go on between two tasks', async () => {
  const fake = new FakeClock();
  const ran: string[] = [];
  const chain = async () => {
    await sleep(fake, 10);
    for (let link = 0; link < 20; link++) await Promise.resolve();
    ran.push('chain');
  };
  void chain();
  fake.after(11, () => ran.push('task'));
  await fake.advance(20);
  expect(ran).toEqual(['chain', 'task']);
});

it('jumps in wall time only', () => {
  const fake = new FakeClock(1_000);
  fake.jump(-600);
  expect([fake.now(), fake.monotonic()]).toEqual([400, 0]);
});
