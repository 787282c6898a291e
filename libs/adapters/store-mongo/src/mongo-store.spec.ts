/** MongoDB keeps the contract of a store, on a real server and between two connections. */
import { storeContract } from '@carillon/domain/contracts';
import { PortUnavailable } from '@carillon/domain/ports';
import { afterAll, expect, inject, it } from 'vitest';
import { MachineClock, MachineRandom } from './model/machine.js';
import { MongoStore } from './mongo-store.js';

const database = `store_mongo_${process.pid}_${Date.now()}`;
const clock = new MachineClock();
const random = new MachineRandom();
const open = () => MongoStore.open({ url: inject('mongoUrl'), database, clock, random });

storeContract('store-mongo', open, { another: open });

it('answers nothing once it is closed, and confirms no append', async () => {
  const store = await open();
  await store.close();
  await store.close();
  await expect(store.log.heads([])).resolves.toEqual(new Map());
  await expect(store.facts.now()).rejects.toBeInstanceOf(PortUnavailable);
});
