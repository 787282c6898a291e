/** Messages that are more than one entry now: topics, everybody, volatile, later, collapsing, taken back. */
import {
  allLog,
  type DoorbellView,
  type LogKey,
  parameters,
  readDoorbells,
  subjects,
  toJsonBytes,
  topicLog,
} from '@carillon/domain';
import type { Problem } from '@carillon/platform';
import { MemoryStore } from '@carillon/store-memory';
import {
  device,
  type FakeClock,
  FaultyStore,
  inbox,
  type MemoryPorts,
  memoryPorts,
  user,
} from '@carillon/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { collectParts, producer } from './collect.fixture.js';
import type { CollectOptions } from './collect-options.js';

let ports: MemoryPorts;
let clock: FakeClock;
let store: FaultyStore;
let parts: ReturnType<typeof collectParts>;
let rung: DoorbellView[];
const topic = topicLog('demo', 'orders.eu');

beforeEach(async () => {
  ports = await memoryPorts();
  clock = ports.clock;
  store = new FaultyStore(await MemoryStore.open({ clock }));
  await start();
});

describe('a message to a topic or to all', () => {
  it('is one entry, and one doorbell', async () => {
    const { reply } = await post({ to: 'topic:orders.eu', event: 'a' });
    expect(reply).toMatchObject({ status: 'accepted', recipients: 1 });
    expect(await eventsIn(topic)).toEqual(['a']);
    await post({ to: 'all', event: 'b' });
    expect(await eventsIn(allLog('demo'))).toEqual(['b']);
    expect(rung.map(({ log }) => log)).toEqual([topic, allLog('demo')]);
  });

  it('is refused to everybody without the scope for it, and nothing is stored', async () => {
    const credential = { ...producer, scopes: ['messages:write'] };
    const refused = await refusal(
      parts.intake.takeOne(parts.incoming({ to: 'all', event: 'b' }, undefined, credential)),
    );
    expect(refused).toMatchObject({ code: 'scope_missing', status: 403 });
    expect(await eventsIn(allLog('demo'))).toEqual([]);
    const allowed = { ...producer, scopes: ['messages:write', 'broadcast'] };
    await parts.intake.takeOne(parts.incoming({ to: 'all', event: 'b' }, undefined, allowed));
    expect(await eventsIn(allLog('demo'))).toEqual(['b']);
  });

  it('is another message when its key comes back with another target', async () => {
    await post({ to: 'topic:orders.eu', event: 'a' }, 'k');
    expect(await refusal(post({ to: 'all', event: 'a' }, 'k'))).toMatchObject({
      code: 'idempotency_key_reused',
    });
    expect((await post({ to: 'topic:orders.eu', event: 'a' }, 'k')).isReplay).toBe(true);
  });
});

describe('a message with ttl 0', () => {
  it('is told to who is there, and stored nowhere', async () => {
    const { reply } = await post({ to: ['user:1', 'user:2'], event: 'typing', ttl: 0, data: { by: 7 } });
    expect(reply.expiresAt).toBe(reply.acceptedAt);
    expect(rung.map(({ kind, log }) => [kind, log])).toEqual([
      ['volatile', inbox('1')],
      ['volatile', inbox('2')],
    ]);
    expect(JSON.parse(new TextDecoder().decode(rung[0]?.frame))).toEqual({
      ...{ type: 'volatile', log: 'user', id: reply.id, event: 'typing', data: { by: 7 } },
      sentAt: clock.now(),
    });
    expect(await store.log.ofMessage(reply.id)).toEqual([]);
  });

  it('has a number of its own each time, by which a doubled doorbell is known', async () => {
    for (let round = 0; round < 3; round += 1) await post({ to: 'user:1', event: 'typing', ttl: 0 });
    expect(new Set(rung.map(({ seq }) => seq)).size).toBe(3);
  });

  it('is refused with a key, by the field', async () => {
    const refused = await refusal(post({ to: 'user:1', event: 'typing', ttl: 0 }, 'k'));
    expect(refused.errors).toMatchObject([{ pointer: 'Idempotency-Key', code: 'not_allowed' }]);
    const { results } = await batch([{ to: 'user:1', event: 'x', ttl: 0, idempotencyKey: 'k' }]);
    expect(results).toMatchObject([
      { status: 'refused', error: { errors: [{ pointer: '/messages/0/idempotencyKey' }] } },
    ]);
  });

  it('needs no key inside of a batch that has one', async () => {
    const { summary } = await batch(
      [
        { to: 'user:1', event: 'x', ttl: 0 },
        { to: 'user:1', event: 'y' },
      ],
      'k',
    );
    expect(summary).toEqual({ accepted: 2, refused: 0 });
    expect(await eventsIn(inbox('1'))).toEqual(['y']);
  });
});

describe('a message for later', () => {
  const body = { to: ['user:1', 'user:2'], event: 'later', delay: '30m', ttl: '1h' };

  it('is answered as scheduled, and appended once at its time, with its time to live from then', async () => {
    const { reply } = await post(body);
    const dueAt = clock.now() + 1_800_000;
    expect(reply).toMatchObject({ status: 'scheduled', recipients: 2 });
    expect([reply.sendAt, reply.expiresAt].map((each) => Date.parse(each as string))).toEqual([
      dueAt,
      dueAt + 3_600_000,
    ]);
    await clock.advance(1_799_000);
    await parts.firing.fireDue();
    expect(await eventsIn(inbox('1'))).toEqual([]);
    await clock.advance(1_000);
    await Promise.all([parts.firing.fireDue(), parts.firing.fireDue()]);
    const [entry] = await store.log.ofMessage(reply.id);
    expect(entry).toMatchObject({ id: reply.id, acceptedAt: dueAt, expiresAt: dueAt + 3_600_000 });
    expect(await eventsIn(inbox('1'))).toEqual(['later']);
    expect(await eventsIn(inbox('2'))).toEqual(['later']);
  });

  it('keeps the order of their times in one log', async () => {
    for (const [event, delay] of [
      ['b', '2m'],
      ['a', '1m'],
      ['c', '3m'],
    ] as const)
      await post({ to: 'user:1', event, delay });
    await clock.advance(600_000);
    await parts.firing.fireDue();
    expect(await eventsIn(inbox('1'))).toEqual(['a', 'b', 'c']);
  });

  it('is completed by another process when the first dies between append and note', async () => {
    const { reply } = await post({ ...body, to: ['user:1', 'user:2', 'user:3'] });
    await clock.advance(1_800_000);
    store.log.failAppends('placed');
    await parts.firing.fireDue();
    await clock.advance(parameters.scheduleClaimMs + 1);
    await parts.firing.fireDue();
    expect(await store.log.ofMessage(reply.id)).toHaveLength(3);
    for (const name of ['1', '2', '3']) expect(await eventsIn(inbox(name))).toEqual(['later']);
    await clock.advance(parameters.scheduleClaimMs + 1);
    await parts.firing.fireDue();
    for (const name of ['1', '2', '3']) expect(await eventsIn(inbox(name))).toEqual(['later']);
  });

  it('is one message however often its key comes, before its time and after', async () => {
    const first = await post(body, 'k');
    await clock.advance(60_000);
    const again = await post(body, 'k');
    expect([again.reply, again.isReplay]).toEqual([first.reply, true]);
    await clock.advance(1_800_000);
    await parts.firing.fireDue();
    const after = await post(body, 'k');
    expect([after.reply.id, after.isReplay]).toEqual([first.reply.id, true]);
    expect(await eventsIn(inbox('1'))).toEqual(['later']);
  });

  it('shares its keys with messages for now, in both directions', async () => {
    await post(body, 'k');
    const now = { to: ['user:1', 'user:2'], event: 'later', ttl: '1h' };
    expect(await refusal(post(now, 'k'))).toMatchObject({ code: 'idempotency_key_reused' });
    await post(now, 'k2');
    expect(await refusal(post(body, 'k2'))).toMatchObject({ code: 'idempotency_key_reused' });
    expect(await eventsIn(inbox('1'))).toEqual(['later']);
  });

  it('refuses a time that is too far away, and takes one that is past as now', async () => {
    const sendAt = new Date(clock.now() + 91 * 86_400_000).toISOString();
    const refused = await refusal(post({ to: 'user:1', event: 'x', sendAt }));
    expect(refused.errors).toMatchObject([{ pointer: '/sendAt', code: 'out_of_range' }]);
    await post({ to: 'user:1', event: 'x', sendAt: new Date(clock.now() - 1_000).toISOString() });
    await parts.firing.fireDue();
    expect(await eventsIn(inbox('1'))).toEqual(['x']);
  });

  it('is not fired by a process whose clock is wrong', async () => {
    const trust = { isTrusted: true };
    await start({ trust });
    await post(body);
    await clock.advance(1_800_000);
    trust.isTrusted = false;
    await parts.firing.fireDue();
    expect(await eventsIn(inbox('1'))).toEqual([]);
    trust.isTrusted = true;
    await parts.firing.fireDue();
    expect(await eventsIn(inbox('1'))).toEqual(['later']);
  });

  it('is answered 503 while the store is away', async () => {
    store.isAway = true;
    expect(await refusal(post(body))).toMatchObject({ code: 'store_unavailable', status: 503 });
    expect(await refusal(post(body, 'k'))).toMatchObject({ code: 'store_unavailable', status: 503 });
  });
});

describe('a collapse key', () => {
  it('takes the place of what waits with the same key in its log, and says so to the nodes', async () => {
    await post({ to: ['user:1', 'user:2'], event: 'a', collapseKey: 'order-771' });
    await post({ to: 'user:1', event: 'b', collapseKey: 'order-772' });
    await post({ to: 'user:1', event: 'c', collapseKey: 'order-771' });
    expect(await marksIn(inbox('1'))).toEqual(['superseded', undefined, undefined]);
    expect(await marksIn(inbox('2'))).toEqual([undefined]);
    expect(rung.filter(({ kind }) => kind === 'superseded')).toMatchObject([{ log: inbox('1'), seq: 1 }]);
  });

  it('keeps the newest of several in one batch', async () => {
    await batch(['a', 'b', 'c'].map((event) => ({ to: 'user:1', event, collapseKey: 'k' })));
    expect(await marksIn(inbox('1'))).toEqual(['superseded', 'superseded', undefined]);
  });
});

describe('a recall', () => {
  const phone = device('phone', user('1'));

  it('marks every entry, removes what is in it, tells the nodes, and lists who had it', async () => {
    const { reply } = await post({ to: ['user:1', 'user:2'], event: 'a', data: { secret: 1 } });
    const addition = { log: inbox('1'), user: user('1'), device: phone, connection: 'c1', node: 'push-1' };
    const sent = [{ from: 1, to: 1, at: clock.now(), way: 'live' as const }];
    await store.receipts.record(
      [{ id: 'c1@x#1', ...addition, sent, settled: [], failed: [], unhandled: [] }],
      [],
    );
    expect(await recalled(reply.id)).toEqual({
      ...{ id: reply.id, recalled: true, cancelled: false },
      alreadySeenBy: [{ user: '1', device: 'phone' }],
    });
    const entries = await store.log.ofMessage(reply.id);
    expect(entries.map(({ mark, data }) => [mark, data])).toEqual([
      ['recalled', undefined],
      ['recalled', undefined],
    ]);
    expect(rung.filter(({ kind }) => kind === 'recalled').map(({ log }) => log)).toEqual([
      inbox('1'),
      inbox('2'),
    ]);
    expect((await recalled(reply.id)).recalled).toBe(true);
  });

  it('cancels what waits for its time, and that alone', async () => {
    const { reply } = await post({ to: 'user:1', event: 'a', delay: '1m' });
    expect(await recalled(reply.id)).toMatchObject({ recalled: false, cancelled: true });
    await clock.advance(120_000);
    await parts.firing.fireDue();
    expect(await eventsIn(inbox('1'))).toEqual([]);
    const other = await post({ to: 'user:1', event: 'b', delay: '1m' });
    await clock.advance(120_000);
    await parts.firing.fireDue();
    expect(await recalled(other.reply.id)).toMatchObject({ recalled: true, cancelled: false });
    expect(await marksIn(inbox('1'))).toEqual(['recalled']);
  });

  it('is too late while a message is being sent', async () => {
    const { reply } = await post({ to: 'user:1', event: 'a', delay: '1m' });
    await clock.advance(60_000);
    await store.schedule.claimDue(clock.now(), { by: 'other', until: clock.now() + 30_000 }, 10);
    expect(await refusal(recalled(reply.id))).toMatchObject({ code: 'too_late', status: 409 });
  });

  it('knows nothing of another tenant’s messages, nor of none', async () => {
    const { reply } = await post({ to: 'user:1', event: 'a' });
    const later = await post({ to: 'user:1', event: 'a', delay: '1m' });
    for (const id of [reply.id, later.reply.id])
      expect(await refusal(parts.recall.recall({ tenant: 'other', id }))).toMatchObject({
        code: 'not_found',
      });
    for (const id of ['msg_01ARZ3NDEKTSV4RRFFQ69G5FAV', 'nonsense', ''])
      expect(await refusal(recalled(id))).toMatchObject({ code: 'not_found' });
    expect(await marksIn(inbox('1'))).toEqual([undefined]);
  });

  it('is not undone by a retry of the key', async () => {
    const list = { to: ['user:1', 'user:2'], event: 'a' };
    const { reply } = await post(list, 'k');
    await recalled(reply.id);
    await post(list, 'k');
    expect(await marksIn(inbox('1'))).toEqual(['recalled']);
    expect(await marksIn(inbox('2'))).toEqual(['recalled']);
  });
});

describe('an addressee who collects nothing', () => {
  it('refuses more than its limit by name, and takes again what was settled or expired', async () => {
    await fill('1', parameters.unackedEntriesMax);
    await post({ to: 'user:1', event: 'over' }); // from here on the log is known to be long
    const refused = await refusal(post({ to: ['user:0', 'user:1'], event: 'x' }));
    expect(refused).toMatchObject({ code: 'too_many_unacked', status: 429 });
    expect(refused.errors).toMatchObject([{ pointer: '/to', detail: expect.stringContaining('user:1') }]);
    expect(await eventsIn(inbox('0'))).toEqual([]);
    const { results } = await batch([
      { to: 'user:1', event: 'x' },
      { to: 'user:0', event: 'y' },
    ]);
    expect(results.map(({ status }) => status)).toEqual(['refused', 'accepted']);
    await store.cursors.advance([{ device: device('phone', user('1')), log: inbox('1'), seq: 100 }]);
    await clock.advance(1_000);
    await post({ to: 'user:1', event: 'x' });
  });

  it('answers the retry of a key as before', async () => {
    await fill('1', parameters.unackedEntriesMax);
    const first = await post({ to: 'user:1', event: 'over' }, 'k');
    expect((await post({ to: 'user:1', event: 'over' }, 'k')).reply).toEqual(first.reply);
    expect(await refusal(post({ to: 'user:1', event: 'over' }, 'k2'))).toMatchObject({
      code: 'too_many_unacked',
    });
  });
});

describe('a clock that is wrong', () => {
  it('lets no message in', async () => {
    await start({ trust: { isTrusted: false } });
    expect(await refusal(post({ to: 'user:1', event: 'x' }))).toMatchObject({
      code: 'overloaded',
      status: 503,
    });
    expect(await eventsIn(inbox('1'))).toEqual([]);
  });
});

async function start(
  changes: { trust?: { isTrusted: boolean } } & Partial<CollectOptions> = {},
): Promise<void> {
  const { trust, ...options } = changes;
  parts = collectParts({ ...ports, store, ...(trust ? { trust } : {}) }, options);
  rung = [];
  ports.bus.subscribe(subjects.dispatch('d1'), (message) => {
    const bells = readDoorbells(message.data);
    rung.push(...bells);
    message.reply(toJsonBytes({ entries: bells.length, refused: 0 }));
  });
  ports.bus.publish(subjects.dispatchAnnouncements, toJsonBytes({ id: 'd1' }));
  await clock.advance(1);
}

async function post(body: object, key?: string) {
  const answer = await parts.intake.takeOne(parts.incoming(body, key));
  await clock.advance(0);
  return answer;
}

async function batch(messages: readonly object[], key?: string) {
  const answer = await parts.intake.takeBatch(parts.incoming({ messages }, key));
  await clock.advance(0);
  return answer;
}

async function recalled(id: string) {
  const answer = await parts.recall.recall({ tenant: 'demo', id });
  await clock.advance(0);
  return answer;
}

async function refusal(answer: Promise<unknown>): Promise<Problem> {
  return answer.then(
    () => Promise.reject(new Error('it was accepted')),
    (error: Problem) => error,
  );
}

async function fill(name: string, count: number): Promise<void> {
  const acceptedAt = clock.now();
  const draft = { log: inbox(name), acceptedAt, expiresAt: acceptedAt + 86_400_000, event: 'fill' };
  for (let at = 0; at < count; at += 1_000) {
    await store.log.append(
      Array.from({ length: 1_000 }, (_, index) => ({ ...draft, id: `fill_${at + index}` })),
    );
  }
}

async function eventsIn(log: LogKey): Promise<string[]> {
  return (await store.log.read(log, 0, 100)).map(({ event }) => event);
}

async function marksIn(log: LogKey) {
  return (await store.log.read(log, 0, 100)).map(({ mark }) => mark);
}
