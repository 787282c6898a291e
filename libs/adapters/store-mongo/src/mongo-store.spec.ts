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

  it('forgets receipts and connections after 30 days, and nothing else by itself', async () => {
    const ttls = new Map<string, unknown>();
    for (const { name } of await raw.db.listCollections().toArray()) {
      for (const index of await raw.db.collection(name).indexes()) {
        if (index.expireAfterSeconds !== undefined) ttls.set(name, index.expireAfterSeconds);
      }
    }
    const seconds = parameters.receiptsKeptMs / 1000;
    expect(ttls).toEqual(
      new Map([
        ['receipts', seconds],
        ['connections', seconds],
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
    await store.close();
    expect(await raw.db.collection('receipts').findOne({ _id: 'r1' as never })).toMatchObject({
      createdAt: expect.any(Date),
    });
    expect(await raw.db.collection('connections').findOne({ user })).toMatchObject({
      writtenAt: expect.any(Date),
    });
  });
});
