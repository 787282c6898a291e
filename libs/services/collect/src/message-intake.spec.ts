/** What a producer is promised: idempotency, order, one answer per item, and never a 202 on a guess. */
import { type LogKey } from '@carillon/domain';
import { Problem } from '@carillon/platform';
import { MemoryStore } from '@carillon/store-memory';
import { FakeClock, FaultyStore, inbox, memoryPorts } from '@carillon/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { collectParts, producer } from './collect.fixture.js';

type Parts = ReturnType<typeof collectParts>;

let clock: FakeClock;
let store: FaultyStore;
let parts: Parts;

beforeEach(async () => {
  const ports = await memoryPorts();
  clock = ports.clock;
  store = new FaultyStore(await MemoryStore.open({ clock }));
  parts = collectParts({ ...ports, store });
});

describe('a message without a key', () => {
  it('is answered when it is durable, with its id and times', async () => {
    const { reply, isReplay } = await post({ to: 'user:42', event: 'hello', ttl: '1h' });
    expect(reply).toEqual({
      id: expect.stringMatching(/^msg_/),
      status: 'accepted',
      recipients: 1,
      acceptedAt: '2027-01-15T08:00:00.000Z',
      expiresAt: '2027-01-15T09:00:00.000Z',
      links: { self: `/v1/messages/${reply.id}`, deliveries: `/v1/messages/${reply.id}/deliveries/{user}` },
    });
    expect(isReplay).toBe(false);
    expect(await idsOf('42')).toEqual([reply.id]);
  });

  it('is a second message when it is posted again', async () => {
    const body = { to: 'user:42', event: 'hello' };
    const [one, two] = [await post(body), await post(body)];
    expect(one.reply.id).not.toBe(two.reply.id);
    expect(await idsOf('42')).toEqual([one.reply.id, two.reply.id]);
  });

  it('goes to each addressee once, whatever the list repeats', async () => {
    const { reply } = await post({ to: ['user:b', 'user:a', 'user:b'], event: 'hello', data: { x: 1 } });
    expect(reply.recipients).toBe(2);
    const entries = await store.log.ofMessage(reply.id);
    expect(entries.map(({ id, log, data }) => [id, log, data])).toEqual([
      [reply.id, inbox('a'), '{"x":1}'],
      [`${reply.id}@${inbox('b')}`, inbox('b'), '{"x":1}'],
    ]);
    expect(entries.map(({ origin }) => origin?.recipients)).toEqual([2, undefined]);
  });

  it('is answered 503 while the store does not confirm it', async () => {
    store.log.failAppends('placed');
    expect(await refusal(post({ to: 'user:42', event: 'x' }))).toMatchObject({ code: 'store_unavailable' });
    store.isAway = true;
    expect(await refusal(post({ to: 'user:42', event: 'x' }))).toMatchObject({ code: 'store_unavailable' });
  });
});

describe('a message with a key', () => {
  const body = { to: 'user:42', event: 'order.paid', data: { orderId: 771 }, ttl: '1h' };

  it('is the same message however often it is posted, with the answer of the first time', async () => {
    const first = await post(body, 'order-771');
    await clock.advance(60_000);
    const again = await post({ ...body, ttl: 3_600 }, 'order-771');
    expect(again.reply).toEqual(first.reply);
    expect([first.isReplay, again.isReplay]).toEqual([false, true]);
    expect(await idsOf('42')).toEqual([first.reply.id]);
  });

  it('is one message when it is posted 50 times at once', async () => {
    const list = { ...body, to: ['user:1', 'user:2', 'user:3'] };
    const answers = await Promise.all(Array.from({ length: 50 }, () => post(list, 'k')));
    expect(new Set(answers.map(({ reply }) => JSON.stringify(reply))).size).toBe(1);
    expect(answers.filter(({ isReplay }) => !isReplay)).toHaveLength(1);
    for (const name of ['1', '2', '3']) expect(await idsOf(name)).toHaveLength(1);
  });

  it('refuses the key for another body or other addressees, and stores nothing', async () => {
    await post({ ...body, to: ['user:2', 'user:3'] }, 'k');
    const others = [
      { ...body, to: ['user:2', 'user:3'], event: 'order.lost' },
      { ...body, to: ['user:2'] },
      { ...body, to: ['user:1', 'user:2', 'user:3'] },
      { ...body, to: 'user:9' },
    ];
    for (const other of others) {
      expect(await refusal(post(other, 'k'))).toMatchObject({ code: 'idempotency_key_reused', status: 422 });
    }
    expect(await idsOf('1')).toEqual([]);
    expect(await idsOf('9')).toEqual([]);
    expect(await idsOf('2')).toHaveLength(1);
  });

  it('is another message of another principal, and of another tenant', async () => {
    const own = await post(body, 'k');
    const other = await parts.intake.takeOne(parts.incoming(body, 'k', { ...producer, principal: 'erp' }));
    const foreign = await parts.intake.takeOne(parts.incoming(body, 'k', { ...producer, tenant: 'else' }));
    expect(new Set([own, other, foreign].map(({ reply }) => reply.id)).size).toBe(3);
  });

  it('makes the first entry of a list durable before any other', async () => {
    const list = { ...body, to: ['user:1', 'user:2', 'user:3'] };
    store.log.failAppends('not-placed');
    expect(await refusal(post(list, 'k'))).toMatchObject({ code: 'store_unavailable' });
    for (const name of ['1', '2', '3']) expect(await idsOf(name)).toEqual([]);
    expect(store.log.calls.append).toBe(1);
  });

  it('continues a list that was cut in the middle, with the times of the first attempt', async () => {
    const list = { ...body, to: ['user:1', 'user:2', 'user:3', 'user:4'] };
    const begun = post(list, 'k');
    // The first entry is durable and the others are out: half of them will be placed, and nobody will know.
    for (let turn = 0; turn < 1_000 && store.log.calls.append < 2; turn += 1) await Promise.resolve();
    store.log.failAppends('partly');
    expect(await refusal(begun)).toMatchObject({ code: 'store_unavailable' });
    expect(await Promise.all(['1', '2', '3', '4'].map(async (name) => (await idsOf(name)).length))).toEqual([
      1, 1, 1, 0,
    ]);
    await clock.advance(5_000);
    const { reply, isReplay } = await post(list, 'k');
    expect(isReplay).toBe(true);
    const entries = await store.log.ofMessage(reply.id);
    expect(entries).toHaveLength(4);
    expect(new Set(entries.map(({ acceptedAt, expiresAt }) => `${acceptedAt} ${expiresAt}`)).size).toBe(1);
    expect((await post(list, 'k')).reply).toEqual(reply);
  });

  it('is not brought to anybody else after it was recalled', async () => {
    const list = { ...body, to: ['user:1', 'user:2'] };
    const { reply } = await post({ ...list }, 'k');
    await store.marks.mark(inbox('1'), [1], 'recalled');
    await store.keeping.erase(inbox('2'));
    const calls = store.log.calls.append;
    expect((await post(list, 'k')).reply).toEqual(reply);
    expect(store.log.calls.append - calls).toBe(1);
  });

  it('must have a key that can be kept', async () => {
    for (const key of ['', 'x'.repeat(256), 'é', ['a', 'b']]) {
      const problem = await refusal(post(body, key));
      expect(problem?.errors).toMatchObject([{ pointer: 'Idempotency-Key', code: 'bad_format' }]);
    }
  });
});

describe('a batch', () => {
  it('answers item by item, in order, and one fault takes no other item with it', async () => {
    const reply = await batch([
      { to: 'user:1', event: 'a' },
      { to: 'topic:x y', event: 'b c', delay: '1y' },
      { to: ['user:1', 'user:2'], event: 'd', idempotencyKey: 'own' },
      'nonsense',
      { to: 'user:1', event: 'e' },
    ]);
    expect(reply.summary).toEqual({ accepted: 3, refused: 2 });
    expect(reply.results.map(({ status }) => status)).toEqual([
      'accepted',
      'refused',
      'accepted',
      'refused',
      'accepted',
    ]);
    const [, faulty] = reply.results;
    const pointers = faulty?.status === 'refused' ? faulty.error.errors?.map(({ pointer }) => pointer) : [];
    expect(pointers?.toSorted()).toEqual(['/messages/1/delay', '/messages/1/event', '/messages/1/to']);
    expect(await eventsOf('1')).toEqual(['a', 'd', 'e']);
  });

  it('keeps the order of its items in every log, lists with keys among them', async () => {
    const reply = await batch([
      { to: ['user:1', 'user:2', 'user:3'], event: 'a', idempotencyKey: 'ka' },
      { to: 'user:3', event: 'b' },
      { to: ['user:2', 'user:3'], event: 'c', idempotencyKey: 'kc' },
      { to: ['user:1', 'user:3'], event: 'd' },
      { to: 'user:2', event: 'e', idempotencyKey: 'ke' },
    ]);
    expect(reply.summary).toEqual({ accepted: 5, refused: 0 });
    expect(await eventsOf('1')).toEqual(['a', 'd']);
    expect(await eventsOf('2')).toEqual(['a', 'c', 'e']);
    expect(await eventsOf('3')).toEqual(['a', 'b', 'c', 'd']);
  });

  it('makes keys of the header and the place for items without one: a retry repeats nothing', async () => {
    const items = [
      { to: 'user:1', event: 'a' },
      { to: 'user:1', event: 'a' },
      { to: 'user:1', event: 'a', idempotencyKey: 'own' },
    ];
    const first = await batch(items, 'bulk');
    const again = await batch(items, 'bulk');
    const single = await post({ to: 'user:1', event: 'a' }, 'own');
    const ids = first.results.map((each) => each.status === 'accepted' && each.id);
    expect(new Set(ids).size).toBe(3);
    expect(again.results).toEqual(first.results.map((each) => ({ ...each, replayed: true })));
    expect([single.reply.id, single.isReplay]).toEqual([ids[2], true]);
    expect(await idsOf('1')).toEqual(ids);
  });

  it('refuses the second of two different items with one key', async () => {
    const { results } = await batch([
      { to: 'user:1', event: 'a', idempotencyKey: 'k' },
      { to: 'user:2', event: 'a', idempotencyKey: 'k' },
      { to: 'user:1', event: 'a', idempotencyKey: 'k' },
    ]);
    expect(results.map((each) => (each.status === 'refused' ? each.error.code : each.replayed))).toEqual([
      false,
      'idempotency_key_reused',
      true,
    ]);
    expect(await idsOf('2')).toEqual([]);
  });

  it('brings more entries into the logs than the queue holds at once', async () => {
    const to = Array.from({ length: 500 }, (_, index) => `user:${index}`);
    const { summary } = await batch(Array.from({ length: 9 }, (_, index) => ({ to, event: `e${index}` })));
    expect(summary).toEqual({ accepted: 9, refused: 0 });
    expect(await eventsOf('499')).toEqual(Array.from({ length: 9 }, (_, index) => `e${index}`));
  });

  it('must be a list of 1 to 1,000 messages', async () => {
    const item = { to: 'user:1', event: 'a' };
    for (const messages of [[], 'x', undefined, Array.from({ length: 1_001 }, () => item)]) {
      const problem = await refusal(parts.intake.takeBatch(parts.incoming({ messages })));
      expect(problem?.errors?.map(({ pointer }) => pointer)).toEqual(['/messages']);
    }
  });
});

describe('when the queue is full', () => {
  it('new messages are answered 503 with Retry-After and nothing of them is stored', async () => {
    const goOn = store.log.holdAppends();
    const held = [1, 2].map((round) => post({ to: users(1_000, `r${round}-`), event: 'x' }));
    const more = post({ to: users(256, 'more'), event: 'x' });
    expect(await refusal(post({ to: users(1_000, 'late'), event: 'x' }))).toMatchObject({
      code: 'overloaded',
      retryAfterS: expect.any(Number),
    });
    const reply = await refusal(batch([{ to: users(1_000, 'late'), event: 'x' }]));
    expect(reply).toMatchObject({ code: 'overloaded' });
    goOn();
    await Promise.all([...held, more]);
    expect(await idsOf('late1')).toEqual([]);
    expect((await post({ to: users(1_000, 'late'), event: 'x' })).reply.recipients).toBe(1_000);
  });
});

describe('when the queue fills up while keys are looked up', () => {
  it('what has no room is refused, and the rest is taken', async () => {
    parts = collectParts(
      { ...(await memoryPorts()), clock, store },
      { commitQueueEntries: 2, commitEntries: 2 },
    );
    const goOn = store.log.holdAppends();
    // Two commits are out, two entries wait.
    const posts = ['a', 'b', 'c', 'd', 'e'].map((name) => post({ to: `user:${name}`, event: 'x' }, name));
    expect(await refusal(posts[4]!)).toMatchObject({ code: 'overloaded', retryAfterS: expect.any(Number) });
    goOn();
    await Promise.all(posts.slice(0, 4));
    expect(await Promise.all(['a', 'd', 'e'].map(async (name) => (await idsOf(name)).length))).toEqual([
      1, 1, 0,
    ]);
  });
});

describe('a smaller limit of recipients', () => {
  it('is named in the error', async () => {
    const ports = await memoryPorts();
    parts = collectParts({ ...ports, store }, { recipientsMax: 2, batchMax: 2 });
    const problem = await refusal(post({ to: users(3, ''), event: 'x' }));
    expect(problem?.errors).toMatchObject([
      { pointer: '/to', code: 'too_many', detail: expect.stringContaining('2') },
    ]);
    const item = { to: 'user:1', event: 'x' };
    expect((await refusal(batch([item, item, item])))?.errors).toMatchObject([{ pointer: '/messages' }]);
  });
});

function post(body: unknown, key?: unknown) {
  return parts.intake.takeOne(parts.incoming(body, key));
}

function batch(messages: readonly unknown[], key?: string) {
  return parts.intake.takeBatch(parts.incoming({ messages }, key));
}

async function refusal(answer: Promise<unknown>): Promise<Problem | undefined> {
  try {
    await answer;
    return undefined;
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}

function users(count: number, prefix: string): string[] {
  return Array.from({ length: count }, (_, index) => `user:${prefix}${index}`);
}

async function idsOf(name: string): Promise<string[]> {
  return (await entriesOf(inbox(name))).map(({ id }) => id.replace(/@.*/, ''));
}

async function eventsOf(name: string): Promise<string[]> {
  return (await entriesOf(inbox(name))).map(({ event }) => event);
}

function entriesOf(log: LogKey) {
  return store.log.read(log, 0, 10_000);
}
