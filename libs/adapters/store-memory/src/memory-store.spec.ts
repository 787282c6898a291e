/** Memory keeps the contract of a store, also between two stores on the same data. */
import { HandClock, storeContract } from '@carillon/domain/contracts';
import { PortUnavailable } from '@carillon/domain/ports';
import { expect, it } from 'vitest';
import { MemoryData } from './memory-data.js';
import { MemoryStore } from './memory-store.js';

const clock = new HandClock();
const data = new MemoryData('first');
const open = () => MemoryStore.open({ clock, data });

storeContract('store-memory', open, { another: open });

it('answers nothing once it is closed, and confirms no append', async () => {
  const store = await open();
  await store.close();
  await store.close();
  await expect(store.log.heads([])).rejects.toBeInstanceOf(PortUnavailable);
  await expect(store.facts.now()).rejects.toBeInstanceOf(PortUnavailable);
  const draft = { id: 'a', log: 'demo/all', acceptedAt: 1, expiresAt: 2, event: 'e' } as never;
  expect(await store.log.append([draft])).toEqual([{ outcome: 'unconfirmed' }]);
  expect(await (await open()).log.ofMessage('a')).toEqual([]);
});

it('tells the time of its clock', async () => {
  const store = await open();
  await clock.advance(1_234);
  expect(await store.facts.now()).toBe(clock.now());
});
