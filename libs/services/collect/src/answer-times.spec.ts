/** A request has one time for all that it waits for: the store may stand still at any of it. */
import type { Problem } from '@carillon/platform';
import { type FakeClock, inbox, type MemoryPorts, memoryPorts } from '@carillon/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { collectParts } from './collect.fixture.js';

let ports: MemoryPorts;
let clock: FakeClock;
/** Methods that never answer; `append` does not after so many calls. */
let stuck: Set<string>;
let appendsLeft: number;
let held: Map<string, Promise<void>>;
let parts: ReturnType<typeof collectParts>;
const hour = 3_600_000;

beforeEach(async () => {
  ports = await memoryPorts();
  clock = ports.clock;
  stuck = new Set();
  held = new Map();
  appendsLeft = Number.POSITIVE_INFINITY;
  const { store } = ports;
  parts = collectParts(
    {
      ...ports,
      store: {
        ...store,
        close: () => store.close(),
        log: standing(store.log, (name) => stuck.has(name) || (name === 'append' && appendsLeft-- <= 0)),
        schedule: standing(store.schedule, (name) => stuck.has(name)),
        cursors: standing(store.cursors, (name) => stuck.has(name)),
        marks: standing(store.marks, (name) => stuck.has(name)),
      },
    },
    { unackedEntriesMax: 3 },
  );
});

describe('a POST is answered at its deadline while the store stands still', () => {
  it.each([
    { when: 'asked for what the key stands for', method: 'find', more: {}, key: 'k' },
    { when: 'given a message for later', method: 'add', more: { delay: '1h' } },
    { when: 'given the message', method: 'append', more: {} },
  ])('$when', async ({ method, more, key }) => {
    stuck.add(method);
    const waiting = post({ to: 'user:1', event: 'a', ...more }, key);
    expect(await codeAfter(4_999, waiting)).toBe('open');
    expect(await codeAfter(1, waiting)).toBe('store_unavailable');
  });

  it('asked whether too much waits for the addressee', async () => {
    for (let n = 0; n < 4; n += 1) await post({ to: 'user:1', event: 'a' });
    stuck.add('furthest');
    await clock.advance(hour);
    const waiting = post({ to: 'user:1', event: 'a' });
    expect(await codeAfter(5_000, waiting)).toBe('store_unavailable');
    expect(await eventsOf('1')).toHaveLength(4);
  });

  it('first with the key and then with the message, within one time for both', async () => {
    const goOn = hold('find');
    const waiting = post({ to: 'user:1', event: 'a' }, 'key');
    await clock.advance(3_000);
    stuck.add('append');
    goOn();
    expect(await codeAfter(1_999, waiting)).toBe('open');
    expect(await codeAfter(1, waiting)).toBe('store_unavailable');
  });

  it('and what is decided after it goes into no log', async () => {
    const goOn = hold('find');
    const waiting = post({ to: 'user:1', event: 'a' }, 'key');
    expect(await codeAfter(5_000, waiting)).toBe('store_unavailable');
    goOn();
    await clock.advance(10_000);
    expect(await eventsOf('1')).toEqual([]);
  });

  it('and what is for now, or for later, is neither told nor scheduled after it', async () => {
    for (let n = 0; n < 4; n += 1) await post({ to: 'user:1', event: 'a' });
    await clock.advance(hour);
    const goOn = hold('furthest');
    const waiting = [
      post({ to: 'user:1', event: 'now', ttl: 0 }),
      post({ to: 'user:1', event: 'later', delay: '1h' }),
    ];
    for (const each of waiting) expect(await codeAfter(2_500, each)).toMatch(/open|store_unavailable/);
    const rung = parts.doorbells.isIdle;
    goOn();
    await clock.advance(hour);
    expect([rung, parts.doorbells.isIdle]).toEqual([true, true]);
    expect(await ports.store.schedule.claimDue(clock.now() + hour, { by: 'x', until: 0 }, 10)).toEqual([]);
  });

  it('in the middle of a batch: what was taken is accepted, the rest is not', async () => {
    appendsLeft = 8; // one slice of 1,000 entries
    const to = (slice: number) => Array.from({ length: 1_000 }, (_, at) => `user:${slice}-${at}`);
    const waiting = batch([0, 1, 2, 3].map((slice) => ({ to: to(slice), event: 'a' })));
    await clock.advance(5_000);
    const { results } = await waiting;
    expect(results.map((each) => (each.status === 'refused' ? each.error.code : 'accepted'))).toEqual([
      'accepted',
      ...Array.from({ length: 3 }, () => 'store_unavailable'),
    ]);
  });

  it('with a message that is durable and older ones that do not give way: it is accepted', async () => {
    stuck.add('supersede');
    const waiting = post({ to: 'user:1', event: 'a', collapseKey: 'k' });
    expect(await codeAfter(4_999, waiting)).toBe('open');
    expect(await codeAfter(1, waiting)).toBe('accepted');
  });
});

/** Until what it returns is called the method does not answer. */
function hold(method: string): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  held.set(method, promise);
  return resolve;
}

function standing<Role extends object>(role: Role, isStanding: (method: string) => boolean): Role {
  return new Proxy(role, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      return async (...args: unknown[]): Promise<unknown> => {
        if (isStanding(String(name))) await new Promise(() => {});
        await held.get(String(name));
        return Reflect.apply(member, target, args);
      };
    },
  });
}

function post(body: object, key?: string) {
  return parts.intake.takeOne(parts.incoming(body, key));
}

function batch(messages: readonly object[]) {
  return parts.intake.takeBatch(parts.incoming({ messages }));
}

/** The code of the answer that is there after so long, or `open`. */
async function codeAfter(ms: number, answer: Promise<unknown>): Promise<string> {
  let code = 'open';
  answer.then(
    () => (code = 'accepted'),
    (error: Problem) => (code = error.code),
  );
  await clock.advance(ms);
  return code;
}

async function eventsOf(name: string): Promise<string[]> {
  return (await ports.store.log.read(inbox(name), 0, 100)).map(({ event }) => event);
}
