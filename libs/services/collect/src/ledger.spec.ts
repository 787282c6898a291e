/** What became of a message, for every way in which it can go well or wrong. */
import {
  type DeliveryAnswer,
  deliveryAnswerSchema,
  deliveryReason,
  deliveryStatus,
  messageAnswerSchema,
} from '@carillon/api';
import {
  allLog,
  type ConnectionRecord,
  type DeviceKey,
  type Draft,
  deliveryReasons,
  deliveryStatuses,
  type Entry,
  type ReceiptAddition,
  receiptId,
  topicLog,
} from '@carillon/domain';
import type { Store } from '@carillon/domain/ports';
import { device, draft, FakeClock, inbox, memoryPorts, user } from '@carillon/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { Addressees } from './addressees.js';
import { DeliveryAnswers } from './delivery-answers.js';
import { Ledger } from './ledger.js';

const id = 'msg_01ARZ3NDEKTSV4RRFFQ69G5FAV';
const phone = device('phone', user('42'));
const laptop = device('laptop', user('42'));

let clock: FakeClock;
let store: Store;
let ledger: Ledger;
let deliveries: DeliveryAnswers;
let entry: Entry;

beforeEach(async () => {
  const ports = await memoryPorts();
  ({ clock, store } = ports);
  const { log, members, receipts, devices, cursors, reads, schedule } = store;
  ledger = new Ledger(log, receipts, cursors, schedule, clock);
  const addressees = new Addressees(log, members, receipts, devices, cursors);
  deliveries = new DeliveryAnswers(addressees, receipts, devices, cursors, reads, clock);
  await store.devices.seen([{ device: phone, at: clock.now(), app: 'shop/3' }], 20);
  await clock.advance(1);
  entry = await append({ id, event: 'order.paid' });
});

describe('the support answer', () => {
  it('says that it is delivered, to which device, when, how and where', async () => {
    await connect('c1', { device: phone });
    await sent('c1', { after: 24, device: phone });
    await settled('c1', { after: 184, device: phone });
    await clock.advance(1_000);
    const answer = await why();
    expect(answer).toMatchObject({ status: 'delivered', message: id, user: '42', event: 'order.paid' });
    expect(answer.summary).toBe(
      `Message ${id} (order.paid) for user 42: DELIVERED to 1 of 1 device, 184 ms after it was accepted.`,
    );
    expect(answer.devices).toEqual([
      {
        device: 'phone',
        app: 'shop/3',
        status: 'delivered',
        connection: 'c1',
        node: 'push-1',
        sentAt: iso(24),
        deliveredAt: iso(184),
        way: 'live',
      },
    ]);
    expect(answer.timeline.map(({ at, event, seq }) => [at, event, seq])).toEqual([
      [iso(0), 'accepted', 1],
      [iso(0), 'connected', undefined],
      [iso(24), 'sent', undefined],
      [iso(184), 'delivered', undefined],
    ]);
  });

  it('lists every device with its own status', async () => {
    await store.devices.seen([{ device: laptop, at: entry.acceptedAt - 1 }], 20);
    await connect('c1', { device: phone });
    await sent('c1', { after: 5, device: phone });
    await settled('c1', { after: 9, device: phone });
    const answer = await why();
    expect(statuses(answer)).toEqual({ phone: 'delivered', laptop: 'queued offline' });
    expect(answer.summary).toContain('DELIVERED to 1 of 2 devices');
  });

  it('says sent while a connected device has not confirmed it', async () => {
    await connect('c1', { device: phone });
    await sent('c1', { after: 5, device: phone });
    await clock.advance(2_000);
    expect(statuses(await why())).toEqual({ phone: 'sent pending' });
  });

  it('says sent and offline when the connection ended before it was confirmed', async () => {
    await sent('c1', { after: 5, device: phone });
    await connect('c1', { device: phone, closedAt: at(50), closeCode: 1006 });
    expect(statuses(await why())).toEqual({ phone: 'sent offline' });
    const { timeline } = await why();
    expect(timeline.at(-1)).toMatchObject({ event: 'disconnected', closeCode: 1006 });
  });

  it('names a slow consumer', async () => {
    await sent('c1', { after: 5, device: phone });
    await connect('c1', { device: phone, closedAt: at(50), closeCode: 4101 });
    expect(statuses(await why())).toEqual({ phone: 'sent slow_consumer' });
  });

  it('says failed with the reason when the handler did', async () => {
    await sent('c1', { after: 5, device: phone });
    await settled('c1', { after: 9, device: phone, failed: [entry.seq] });
    expect(statuses(await why())).toEqual({ phone: 'failed handler_failed' });
    expect((await why()).timeline.at(-1)?.event).toBe('failed');
  });

  it('says failed with the reason when there was no handler', async () => {
    await sent('c1', { after: 5, device: phone });
    await settled('c1', { after: 9, device: phone, unhandled: [entry.seq] });
    await store.cursors.advance([{ device: phone, log: entry.log, seq: entry.seq }]);
    expect(statuses(await why())).toEqual({ phone: 'failed unhandled' });
    expect((await counts()).failed).toBe(1);
  });

  it('says delivered when one tab handled it although another did not', async () => {
    for (const tab of ['c1', 'c2']) await sent(tab, { after: 5, device: phone });
    await settled('c1', { after: 9, device: phone, unhandled: [entry.seq] });
    await settled('c2', { after: 12, device: phone });
    expect(statuses(await why())).toEqual({ phone: 'delivered' });
  });

  it('says delivered when the device is past it, although the receipt was lost', async () => {
    await sent('c1', { after: 5, device: phone });
    await store.cursors.advance([{ device: phone, log: entry.log, seq: entry.seq }]);
    const answer = await why();
    expect(statuses(answer)).toEqual({ phone: 'delivered' });
    expect(answer.devices[0]).not.toHaveProperty('deliveredAt');
    expect((await counts()).delivered).toBe(1);
  });

  it('says delivered when it was confirmed on another connection than it was sent on', async () => {
    await sent('c1', { after: 5, device: phone });
    await settled('c2', { after: 3_000, device: phone, from: 1 });
    const [only] = (await why()).devices;
    expect(only).toMatchObject({ status: 'delivered', connection: 'c1', deliveredAt: iso(3_000) });
  });

  it('says no_devices when nobody ever connected, and offline when somebody did', async () => {
    await append({ id: 'msg_01ARZ3NDEKTSV4RRFFQ69G5FAW', log: inbox('new') });
    const answer = await deliveries.answer({ tenant: 'demo', id: 'msg_01ARZ3NDEKTSV4RRFFQ69G5FAW' }, 'new');
    expect(answer).toMatchObject({ status: 'queued', reason: 'no_devices', devices: [] });
    expect(await why()).toMatchObject({ status: 'queued', reason: 'offline' });
  });

  it('says pending while the device is connected and was not sent it yet', async () => {
    await connect('c1', { device: phone });
    expect(statuses(await why())).toEqual({ phone: 'queued pending' });
  });

  it('does not believe in a connection of which nothing was heard for a minute', async () => {
    await connect('c1', { device: phone });
    await clock.advance(59_000);
    expect(statuses(await why())).toEqual({ phone: 'queued pending' });
    await clock.advance(1_000);
    expect(statuses(await why())).toEqual({ phone: 'queued offline' });
  });

  it('believes in a connection that is still busy with what came before', async () => {
    const earlier = entry;
    entry = await append({ id: 'msg_01ARZ3NDEKTSV4RRFFQ69G5FAX' });
    await connect('c1', { device: phone });
    await clock.advance(120_000);
    const facts = { from: earlier.seq, to: earlier.seq, at: clock.now() - 1_000 };
    await record('c1', { device: phone, settled: [facts] });
    await store.cursors.advance([{ device: phone, log: earlier.log, seq: earlier.seq }]);
    expect(statuses(await why('msg_01ARZ3NDEKTSV4RRFFQ69G5FAX'))).toEqual({ phone: 'queued pending' });
  });

  it('says expired when its time ran out before a device confirmed it', async () => {
    await sent('c1', { after: 5, device: phone });
    await clock.advance(8 * 86_400_000);
    expect(statuses(await why())).toEqual({ phone: 'expired expired' });
    // The device comes back, is told to pass over it, and confirms that.
    await settled('c2', { after: 8 * 86_400_000, device: phone });
    expect(statuses(await why())).toEqual({ phone: 'expired expired' });
    expect((await why()).timeline.map(({ event }) => event)).toEqual(['accepted', 'sent', 'expired']);
  });

  it('says delivered when it was sent in time and confirmed on that connection later', async () => {
    const week = 7 * 86_400_000;
    await sent('c1', { after: week - 10, device: phone });
    await settled('c1', { after: week + 10, device: phone });
    await clock.advance(8 * 86_400_000);
    expect(statuses(await why())).toEqual({ phone: 'delivered' });
  });

  it('says expired, not delivered, for what was passed over without being sent', async () => {
    await clock.advance(8 * 86_400_000);
    await settled('c2', { after: 8 * 86_400_000 - 5, device: phone });
    await store.cursors.advance([{ device: phone, log: entry.log, seq: entry.seq }]);
    expect(statuses(await why())).toEqual({ phone: 'expired expired' });
    expect((await counts()).expired).toBe(1);
    expect((await message()).status).toBe('expired');
  });

  it('says recalled and superseded by the mark', async () => {
    for (const mark of ['recalled', 'superseded'] as const) {
      await store.marks.mark(entry.log, [entry.seq], mark);
      expect(statuses(await why())).toEqual({ phone: `${mark} ${mark}` });
      if (mark === 'recalled') entry = await append({ id: 'msg_01ARZ3NDEKTSV4RRFFQ69G5FAY' });
    }
  });

  it('lists a connection that named no device by itself', async () => {
    await connect('c7', { app: 'kiosk' });
    await sent('c7', { after: 5 });
    const answer = await why();
    expect(answer.devices).toEqual([
      expect.objectContaining({ device: 'phone', status: 'queued' }),
      expect.objectContaining({
        connection: 'c7',
        node: 'push-1',
        app: 'kiosk',
        status: 'sent',
        reason: 'pending',
      }),
    ]);
    expect(answer.status).toBe('sent');
  });

  it('leaves out a device that came when the message was settled already', async () => {
    await sent('c1', { after: 5, device: phone });
    await settled('c1', { after: 9, device: phone });
    await clock.advance(1_000);
    await store.devices.seen([{ device: laptop, at: clock.now() }], 20);
    await store.cursors.begin([{ device: laptop, log: entry.log, seq: entry.seq }]);
    expect(statuses(await why())).toEqual({ phone: 'delivered' });
  });
});

describe('the answer about a message', () => {
  it('counts its users by their furthest delivery', async () => {
    const names = ['1', '2', '3', '4'];
    const message = 'msg_01ARZ3NDEKTSV4RRFFQ69G5FAZ';
    const origin = { fingerprint: '', recipients: 4 };
    const entries = await Promise.all(
      names.map((name, index) =>
        append({
          id: index === 0 ? message : `${message}@${inbox(name)}`,
          log: inbox(name),
          ...(index === 0 ? { origin } : {}),
        }),
      ),
    );
    const [one, two, three] = entries as [Entry, Entry, Entry];
    await record('c1', { log: one.log, user: user('1'), sent: [range(one)], settled: [range(one)] });
    await record('c2', { log: one.log, user: user('1'), sent: [range(one)] });
    await record('c3', { log: two.log, user: user('2'), sent: [range(two)] });
    await record('c4', { log: three.log, user: user('3'), settled: [range(three)], failed: [three.seq] });
    const answer = messageAnswerSchema.parse(await ledger.message({ tenant: 'demo', id: message }));
    expect(answer).toMatchObject({ recipients: 4, status: 'accepted' });
    expect(answer.counts).toEqual({
      delivered: 1,
      sent: 1,
      failed: 1,
      queued: 1,
      expired: 0,
      superseded: 0,
      recalled: 0,
    });
  });

  it('says done when nothing is left to do', async () => {
    await sent('c1', { after: 5, device: phone });
    await settled('c1', { after: 9, device: phone });
    expect((await message()).status).toBe('done');
  });
});

describe('a message to a topic', () => {
  const topic = topicLog('demo', 'orders');

  beforeEach(async () => {
    entry = await append({ id: 'msg_01ARZ3NDEKTSV4RRFFQ69G5FAX', log: topic });
  });

  it('has no counts of its followers', async () => {
    expect(await message()).not.toHaveProperty('counts');
    expect((await message()).status).toBe('accepted');
    await clock.advance(8 * 86_400_000);
    expect((await message()).status).toBe('done');
  });

  it('is answered for who was sent it, with the devices that follow it', async () => {
    await sent('c1', { after: 5, device: phone });
    await settled('c1', { after: 9, device: phone });
    await store.devices.seen([{ device: laptop, at: clock.now() }], 20);
    expect(statuses(await why())).toEqual({ phone: 'delivered' });
  });

  it('is answered for who follows it by membership or by position, and waits for them', async () => {
    await expect(why()).rejects.toMatchObject({ code: 'not_found' });
    await store.cursors.begin([{ device: phone, log: topic, seq: 0 }]);
    expect(await why()).toMatchObject({ status: 'queued', reason: 'offline' });
    const membership = { topic, user: user('9'), head: 0, joinedAt: clock.now() };
    await store.members.join([membership, { ...membership, user: user('8'), head: entry.seq }]);
    const of = (name: string) => deliveries.answer({ tenant: 'demo', id: entry.id }, name);
    expect(await of('9')).toMatchObject({ status: 'queued', reason: 'no_devices' });
    await expect(of('8')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('to all is answered for everybody of the tenant, and for nobody else', async () => {
    entry = await append({ id: 'msg_01ARZ3NDEKTSV4RRFFQ69G5FAY', log: allLog('demo') });
    expect(await why()).toMatchObject({ status: 'queued' });
    const foreign = deliveries.answer({ tenant: 'other', id: entry.id }, '42');
    await expect(foreign).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('what was read', () => {
  it('is said beside the status, in the sentence and in the timeline', async () => {
    await sent('c1', { after: 24, device: phone });
    await settled('c1', { after: 184, device: phone });
    await store.reads.note(user('42'), [id], entry.acceptedAt + 41_184);
    const answer = await why();
    expect(answer).toMatchObject({ status: 'delivered', readAt: iso(41_184) });
    expect(answer.summary).toContain('184 ms after it was accepted; read 41.0 s later.');
    expect(answer.timeline.at(-1)).toEqual({ at: iso(41_184), event: 'read' });
  });
});

describe('a message for later', () => {
  it('is scheduled until its time, or cancelled', async () => {
    const first = draft({ id, log: inbox('42'), event: 'later' });
    const posting = JSON.stringify({
      messageId: 'm',
      isKeyed: false,
      target: 'user',
      logs: [],
      first,
      ttlMs: 1,
    });
    const later = 'msg_01ARZ3NDEKTSV4RRFFQ69G5FAZ';
    const at = { acceptedAt: clock.now(), dueAt: clock.now() + 60_000 };
    await store.schedule.add({ id: later, tenant: 'demo', fingerprint: '', posting, recipients: 1, ...at });
    const ask = (tenant = 'demo') => ledger.message({ tenant, id: later });
    expect(messageAnswerSchema.parse(await ask())).toMatchObject({ status: 'scheduled', event: 'later' });
    await expect(ask('other')).rejects.toMatchObject({ code: 'not_found' });
    await store.schedule.cancel(later, clock.now());
    expect(await ask()).toMatchObject({ status: 'cancelled' });
  });
});

describe('the tables of the api', () => {
  it('are those of the domain', () => {
    expect(deliveryStatus.options).toEqual([...deliveryStatuses]);
    expect(deliveryReason.options).toEqual([...deliveryReasons]);
  });
});

async function append(parts: Partial<Draft>): Promise<Entry> {
  const [appended] = await store.log.append([draft({ log: inbox('42'), acceptedAt: clock.now(), ...parts })]);
  if (appended?.outcome !== 'appended') throw new Error('not appended');
  return appended.entry;
}

async function why(message: string = entry.id): Promise<DeliveryAnswer> {
  return deliveryAnswerSchema.parse(await deliveries.answer({ tenant: 'demo', id: message }, '42'));
}

async function message() {
  return messageAnswerSchema.parse(await ledger.message({ tenant: 'demo', id: entry.id }));
}

async function counts() {
  const { counts: found } = await message();
  if (!found) throw new Error('a message to a user has counts');
  return found;
}

function statuses({ devices }: DeliveryAnswer): Record<string, string> {
  return Object.fromEntries(
    devices.map((each) => [
      each.device ?? each.connection,
      [each.status, each.reason ?? ''].join(' ').trim(),
    ]),
  );
}

function connect(connection: string, parts: Partial<ConnectionRecord>): Promise<void> {
  const record = { id: connection, user: user('42'), node: 'push-1', openedAt: entry.acceptedAt, ...parts };
  return store.receipts.record([], [{ ...record, transport: 'websocket' }]);
}

interface Moment {
  /** Milliseconds after the message was accepted. */
  readonly after: number;
  readonly device?: DeviceKey;
  readonly from?: number;
  readonly failed?: number[];
  readonly unhandled?: number[];
}

function sent(connection: string, { after, device: own }: Moment): Promise<void> {
  const range = { from: entry.seq, to: entry.seq, at: at(after), way: 'live' as const };
  return record(connection, { ...(own ? { device: own } : {}), sent: [range] });
}

function settled(connection: string, moment: Moment): Promise<void> {
  const { after, device: own, from = entry.seq, failed = [], unhandled = [] } = moment;
  const range = { from, to: entry.seq, at: at(after) };
  return record(connection, { ...(own ? { device: own } : {}), settled: [range], failed, unhandled });
}

function record(connection: string, parts: Partial<ReceiptAddition>): Promise<void> {
  const addition = {
    log: entry.log,
    user: user('42'),
    sent: [],
    settled: [],
    failed: [],
    unhandled: [],
    ...parts,
  };
  const row = receiptId(connection, addition.log, clock.now());
  return store.receipts.record([{ id: row, connection, node: 'push-1', ...addition }], []);
}

function range({ seq, acceptedAt }: Entry) {
  return { from: seq, to: seq, at: acceptedAt + 5, way: 'live' as const };
}

function at(after: number): number {
  return entry.acceptedAt + after;
}

function iso(after: number): string {
  return new Date(at(after)).toISOString();
}
