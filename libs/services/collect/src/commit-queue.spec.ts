/** The laws of the group commit, on a store that takes its time and fails. */
import type { Draft } from '@carillon/domain';
import { type Appended, MessageLog } from '@carillon/domain/ports';
import { MemoryStore } from '@carillon/store-memory';
import { draft, drafts, FakeClock, FaultyStore, inbox, memoryPorts, SeededRandom } from '@carillon/testkit';
import { describe, expect, it } from 'vitest';
import { collectParts } from './collect.fixture.js';
import type { CollectOptions } from './collect-options.js';

const logs = Array.from({ length: 12 }, (_, index) => inbox(`user${index}`));

describe('the commit queue', () => {
  it('keeps its laws whatever the store does', async () => {
    for (let seed = 1; seed <= 12; seed += 1) {
      expect(await run(seed), `seed ${seed}`).toEqual([]);
    }
  });

  it('sends the first entry at once, and what queued up meanwhile together', async () => {
    const { log, submit } = await slowQueue();
    for (const id of ['a', 'b', 'c', 'd', 'e']) void submit([draft({ id, log: inbox(id) })]);
    expect(log.sizes()).toEqual([1]);
    log.finish(0);
    await settled();
    expect(log.sizes()).toEqual([1, 4]);
  });

  it('sends a second commit beside the first when half of one waits, in entries or bytes', async () => {
    const { log, submit } = await slowQueue();
    const one = (id: string, data = '') => void submit([draft({ id, log: inbox(id), data })]);
    for (let at = 0; at < 64; at += 1) one(`m${at}`);
    expect(log.sizes()).toEqual([1]);
    one('half');
    expect(log.sizes()).toEqual([1, 64]);
    log.finish(0);
    log.finish(1);
    await settled();
    one('first');
    for (let at = 0; at < 5; at += 1) one(`large${at}`, JSON.stringify('x'.repeat(60_000)));
    expect(log.sizes()).toEqual([1, 64, 1, 5]);
  });

  it('closes a log with an unfinished entry: later entries wait, those of other logs pass', async () => {
    const { log, submit } = await slowQueue({ commitEntries: 2 });
    for (const id of ['1', '2', '3']) void submit([draft({ id, log: inbox('same') })]);
    void submit([draft({ id: '4', log: inbox('other') })]);
    expect(log.ids()).toEqual([['1'], ['4']]);
    log.finish(1);
    await settled();
    expect(log.ids()).toEqual([['1'], ['4']]);
    log.finish(0);
    await settled();
    expect(log.ids()).toEqual([['1'], ['4'], ['2', '3']]);
  });

  it('passes a list of 1,000 in commits of at most 128', async () => {
    const { log, submit, commits } = await slowQueue();
    const list = Array.from({ length: 1_000 }, (_, at) => draft({ id: `m@${at}`, log: inbox(`u${at}`) }));
    expect(commits.hasRoom(1_000)).toBe(true);
    const appended = submit(list);
    for (let at = 0; at < 8; at += 1) {
      log.finish(at);
      await settled();
    }
    const outcomes = await appended;
    expect(outcomes.map((each) => each.outcome === 'appended' && each.entry.id)).toEqual(
      list.map(({ id }) => id),
    );
    expect(log.sizes()).toEqual([128, 128, 128, 128, 128, 128, 128, 104]);
  });

  it('commits at most 512 KiB at once', async () => {
    const { log, submit } = await slowQueue();
    void submit([draft({ id: 'x', log: inbox('x') })]);
    void submit([draft({ id: 'y', log: inbox('y') })]);
    const data = JSON.stringify('x'.repeat(60_000));
    void submit(Array.from({ length: 10 }, (_, at) => draft({ id: `m${at}`, log: inbox(`u${at}`), data })));
    expect(log.sizes()).toEqual([1, 9]);
    log.finish(0);
    log.finish(1);
    await settled();
    expect(log.sizes()).toEqual([1, 9, 2]);
  });

  it('has room for 2,000 entries and not for one more', async () => {
    const { commits, submit } = await slowQueue();
    void submit(drafts(2, { log: inbox('a') }));
    void submit(drafts(1_500, { log: inbox('a') }));
    expect([commits.hasRoom(500), commits.hasRoom(501)]).toEqual([true, false]);
  });

  it('confirms nothing that the store has not confirmed', async () => {
    const { submit, faulty, log } = await slowQueue();
    log.isFast = true;
    faulty.log.failAppends('placed');
    const [unknown] = await submit([draft({ id: 'a' })]);
    const [known] = await submit([draft({ id: 'a' })]);
    expect([unknown?.outcome, known?.outcome]).toEqual(['unconfirmed', 'present']);
  });

  it('answers at the append deadline, waited or not, and never tries what it has given up', async () => {
    const { log, clock, submit } = await slowQueue();
    const first = submit([draft({ id: 'out', log: inbox('a') }), draft({ id: 'waits', log: inbox('b') })]);
    const second = submit([draft({ id: 'behind', log: inbox('a') })]);
    await clock.advance(3_000);
    const third = submit([draft({ id: 'late', log: inbox('a') })]);
    await clock.advance(2_000);
    const outcomes = [...(await first), ...(await second)].map(({ outcome }) => outcome);
    expect(outcomes).toEqual(['unconfirmed', 'unconfirmed', 'unconfirmed']);
    log.finish(0);
    await settled();
    expect(log.ids()).toEqual([['out', 'waits'], ['late']]);
    log.finish(1);
    expect(await third).toMatchObject([{ outcome: 'appended', entry: { seq: 2 } }]);
    // What was answered stays so, whatever the store says later.
    expect((await first).map(({ outcome }) => outcome)).toEqual(['unconfirmed', 'unconfirmed']);
  });

  it('lets a fault of ours reach the request and goes on', async () => {
    const { submit, log } = await slowQueue();
    log.isFast = true;
    log.throwNext = true;
    await expect(submit([draft({ id: 'a' })])).rejects.toThrow('a fault of ours');
    const [appended] = await submit([draft({ id: 'b' })]);
    expect(appended?.outcome).toBe('appended');
  });
});

/** Random submissions on a random store; @returns what was broken, in words. */
async function run(seed: number): Promise<string[]> {
  const random = new SeededRandom(seed);
  const upTo = (max: number) => Math.floor(random.next() * max);
  const ports = await memoryPorts(seed);
  const store = { ...ports.store, log: new SlowLog(ports.store.log) };
  const { commits, deadlines } = collectParts({ ...ports, store });
  const { log } = store;
  const broken: string[] = [];
  const expected = new Map<string, string[]>();
  const answers: Promise<readonly Appended[]>[] = [];
  let number = 0;
  for (let step = 0; step < 400; step += 1) {
    if (random.next() < 0.7) {
      const list = Array.from({ length: 1 + upTo(4) }, () =>
        draft({ id: `m${number++}`, log: logs[upTo(logs.length)]!, data: '"x"'.padEnd(upTo(40_000)) }),
      );
      if (!commits.hasRoom(list.length)) continue;
      for (const { log: key, id } of list) expected.set(key, [...(expected.get(key) ?? []), id]);
      answers.push(
        commits.submit(list, deadlines.begin()).then((outcomes) => checked(list, outcomes, broken)),
      );
    } else {
      log.finish(log.firstOpen(upTo(2)));
      await settled();
    }
    broken.push(...log.faults());
  }
  while (log.openCount > 0) {
    log.finish(log.firstOpen(0));
    await settled();
  }
  await Promise.all(answers);
  for (const [key, ids] of expected) {
    const stored = await ports.store.log.read(key as Draft['log'], 0, 10_000);
    if (stored.map(({ id }) => id).join() !== ids.join())
      broken.push(`${key} is not in the order of the calls`);
  }
  return broken;
}

function checked(list: readonly Draft[], outcomes: readonly Appended[], broken: string[]) {
  const ids = outcomes.map((each) => (each.outcome === 'appended' ? each.entry.id : each.outcome));
  if (ids.join() !== list.map(({ id }) => id).join())
    broken.push('outcomes are not those of the drafts, in order');
  return outcomes;
}

/** A log whose appends are placed only when the spec says so. */
class SlowLog extends MessageLog {
  throwNext = false;
  /** From now on appends take no time. */
  isFast = false;
  private readonly all: { drafts: readonly Draft[]; gate: PromiseWithResolvers<void>; isOpen: boolean }[] =
    [];

  constructor(private readonly log: MessageLog) {
    super();
  }

  override async append(drafts: readonly Draft[]): Promise<readonly Appended[]> {
    if (this.throwNext) {
      this.throwNext = false;
      throw new TypeError('a fault of ours');
    }
    const call = { drafts, gate: Promise.withResolvers<void>(), isOpen: true };
    this.all.push(call);
    if (!this.isFast) await call.gate.promise;
    call.isOpen = false;
    return this.log.append(drafts);
  }

  finish(at: number): void {
    this.all[at]?.gate.resolve();
  }

  sizes(): number[] {
    return this.all.map(({ drafts }) => drafts.length);
  }

  ids(): string[][] {
    return this.all.map(({ drafts }) => drafts.map(({ id }) => id));
  }

  get openCount(): number {
    return this.all.filter(({ isOpen }) => isOpen).length;
  }

  /** The place of the first or second that is open. */
  firstOpen(skip: number): number {
    const open = [...this.all.keys()].filter((at) => this.all[at]?.isOpen);
    return open[Math.min(skip, open.length - 1)] ?? -1;
  }

  faults(): string[] {
    const open = this.all.filter(({ isOpen }) => isOpen);
    const logsOf = open.map(({ drafts }) => new Set(drafts.map(({ log }) => log)));
    const isLarge = ({ drafts }: { drafts: readonly Draft[] }) =>
      drafts.length > 128 || drafts.reduce((sum, { data = '' }) => sum + data.length, 0) > 524_288;
    return [
      ...(open.length > 2 ? ['more than two commits are out'] : []),
      ...([...(logsOf[0] ?? [])].some((key) => logsOf[1]?.has(key)) ? ['two commits share a log'] : []),
      ...(open.some(isLarge) ? ['a commit is too large'] : []),
    ];
  }

  override read: MessageLog['read'] = (...args) => this.log.read(...args);
  override readMany: MessageLog['readMany'] = (...args) => this.log.readMany(...args);
  override heads: MessageLog['heads'] = (...args) => this.log.heads(...args);
  override ofMessage: MessageLog['ofMessage'] = (...args) => this.log.ofMessage(...args);
  override entryOf: MessageLog['entryOf'] = (...args) => this.log.entryOf(...args);
}

async function slowQueue(changes: Partial<CollectOptions> = {}) {
  const clock = new FakeClock();
  const faulty = new FaultyStore(await MemoryStore.open({ clock }));
  const ports = await memoryPorts();
  const log = new SlowLog(faulty.log);
  const { commits, deadlines } = collectParts({ ...ports, clock, store: { ...ports.store, log } }, changes);
  const submit = (list: readonly Draft[]) => commits.submit(list, deadlines.begin());
  return { log, clock, faulty, commits, deadlines, submit };
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
