/** MongoDB keeps the contract of a store, on a real server and between two connections. */
import { type Draft, parameters, userKey, userLog } from '@carillon/domain';
import { storeContract } from '@carillon/domain/contracts';
import { PortUnavailable } from '@carillon/domain/ports';
import { MachineClock, MachineRandom } from '@carillon/testkit';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { MongoStore } from './mongo-store.js';
import { type RawDatabase, rawDatabase } from './raw-database.fixture.js';

const database = `store_mongo_${process.pid}_${Date.now()}`;
const clock = new MachineClock();
const random = new MachineRandom();
const open = () => MongoStore.open({ url: inject('mongoUrl'), database, clock, random });
const log = userLog(userKey('t', 'ann'));
const draft = (id: string): Draft => ({ id, log, acceptedAt: 1, expiresAt: 2, event: 'e' });
let raw: RawDatabase;

beforeAll(async () => {
  raw = await rawDatabase(inject('mongoUrl'), database);
});
afterAll(() => raw.dropAndClose());

storeContract('store-mongo', open, { another: open });

describe('MongoStore', () => {
  it('answers nothing once it is closed, and confirms no append', async () => {
    const store = await open();
    await Promise.all([store.close(), store.close()]);
    await expect(store.log.heads([log])).rejects.toBeInstanceOf(PortUnavailable);
    await expect(store.facts.now()).rejects.toBeInstanceOf(PortUnavailable);
    expect(await store.log.append([draft('closed')])).toEqual([{ outcome: 'unconfirmed' }]);
    expect(await raw.db.collection('entries').countDocuments({ log })).toBe(0);
  });

  it('lets running calls end before it closes', async () => {
    const store = await open();
    const running = [store.log.append([draft('last')]), store.facts.epoch()];
    await store.close();
    expect(await Promise.all(running)).toMatchObject([[{ outcome: 'appended' }], expect.any(String)]);
  });

  it('says within seconds, by a port error with its cause, that there is no server', async () => {
    const url = 'mongodb://127.0.0.1:1/?replicaSet=rs0';
    const refusal = MongoStore.open({ url, database, clock, random });
    await expect(refusal).rejects.toBeInstanceOf(PortUnavailable);
    await expect(refusal).rejects.toMatchObject({ cause: { name: 'MongooseServerSelectionError' } });
  });

  it('keeps what people wrote as text: no name of theirs becomes the name of a field', async () => {
    const store = await open();
    const data = '{"$where":1,"a.b":{"__proto__":2}}';
    await store.log.append([
      {
        ...draft('text'),
        data,
        notification: data,
        origin: { fingerprint: 'f', recipients: 1, metadata: data },
      },
    ]);
    await store.close();
    expect(await raw.db.collection('entries').findOne({ _id: 'text' as never })).toMatchObject({
      data,
      notification: data,
      origin: { metadata: data },
    });
  });

  it('forgets the ledger after 30 days, ended schedules after one, and nothing else', async () => {
    const ttls = new Map<string, unknown>();
    for (const { name } of await raw.db.listCollections().toArray()) {
      for (const index of await raw.db.collection(name).indexes()) {
        if (index.expireAfterSeconds !== undefined) ttls.set(name, [index.key, index.expireAfterSeconds]);
      }
    }
    const seconds = parameters.receiptsKeptMs / 1000;
    expect(ttls).toEqual(
      new Map([
        ['receipts', [{ createdAt: 1 }, seconds]],
        ['connections', [{ writtenAt: 1 }, seconds]],
        ['reads', [{ at: 1 }, seconds]],
        ['scheduled', [{ endedAt: 1 }, parameters.scheduleKeptMs / 1000]],
      ]),
    );
    const store = await open();
    const [user, connection] = [userKey('t', 'ann'), 'c1'];
    await store.receipts.record(
      [
        {
          ...{ id: 'r1', log, user, connection, node: 'n' },
          ...{ sent: [], settled: [], failed: [], unhandled: [] },
        },
      ],
      [{ id: connection, user, node: 'n', transport: 'websocket', openedAt: 1 }],
    );
    await store.reads.note(user, ['m1'], clock.now());
    await store.close();
    expect(await raw.db.collection('receipts').findOne({ connection })).toMatchObject({
      createdAt: expect.any(Date),
    });
    expect(await raw.db.collection('connections').findOne({ user })).toMatchObject({
      writtenAt: expect.any(Date),
    });
    expect(await raw.db.collection('reads').findOne({ user })).toMatchObject({ at: expect.any(Date) });
  });

  it('gives an end only to a scheduled message that was fired or cancelled', async () => {
    const store = await open();
    const ids = ['waits', 'claimed', 'fired', 'cancelled'];
    const longAgo = -8e15;
    for (const [dueAt, id] of ids.entries()) {
      await store.schedule.add({
        ...{ id, tenant: 't', fingerprint: '', posting: '{}', recipients: 1, acceptedAt: 1 },
        dueAt: id === 'waits' || id === 'cancelled' ? 9e15 : longAgo + dueAt,
      });
    }
    await store.schedule.claimDue(longAgo + 2, { by: 'b', until: 9e15 }, 5);
    await store.schedule.fired(['fired'], 'b', clock.now());
    await store.schedule.cancel('cancelled', clock.now());
    await store.close();
    const rows = await raw.db
      .collection('scheduled')
      .find({ _id: { $in: ids as never[] } })
      .toArray();
    const ended = rows.filter(({ endedAt }) => endedAt instanceof Date).map(({ _id }) => String(_id));
    expect(rows).toHaveLength(4);
    expect(ended.sort()).toEqual(['cancelled', 'fired']);
  });

  it('writes one small row per flush of a receipt, and leaves out of it what is empty', async () => {
    const store = await open();
    const [user, connection, at] = [userKey('t', 'bob'), 'c2', clock.now()];
    const row = { id: 'c2@log#1', log, user, connection, node: 'n' };
    const lists = { sent: [], settled: [{ from: 3, to: 4, at }], failed: [], unhandled: [] };
    for (let flush = 0; flush < 3; flush += 1) await store.receipts.record([{ ...row, ...lists }], []);
    await store.close();
    const rows = await raw.db.collection('receipts').find({ connection }).toArray();
    expect(rows).toHaveLength(3);
    for (const each of rows) {
      expect(each).toMatchObject({ from: 3, to: 4, settled: lists.settled });
      expect(Object.keys(each)).not.toEqual(expect.arrayContaining(['sent']));
      expect(String(each._id)).toMatch(/^c2@log#1#[0-9a-f]{24}$/);
    }
  });
});
