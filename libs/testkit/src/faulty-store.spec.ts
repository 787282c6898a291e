/** A faulty store is still a store, and fails only when told to. */

import { storeContract } from '@carillon/domain/contracts';
import { PortUnavailable, type Store } from '@carillon/domain/ports';
import { MemoryStore } from '@carillon/store-memory';
import { beforeEach, expect, it } from 'vitest';
import { drafts, inbox, user } from './builders.js';
import { FakeClock } from './fake-clock.js';
import { FaultyStore } from './faulty-store.js';

const clock = new FakeClock();
let sound: Store;
let faulty: FaultyStore;

storeContract('FaultyStore without faults', async () => new FaultyStore(await MemoryStore.open({ clock })));

beforeEach(async () => {
  sound = await MemoryStore.open({ clock });
  faulty = new FaultyStore(sound);
});

it.each([
  ['placed', 4],
  ['partly', 2],
  ['not-placed', 0],
] as const)('leaves unknown an append that was %s, and the next one sound', async (fault, placed) => {
  faulty.log.failAppends(fault);
  const outcomes = await faulty.log.append(drafts(4));
  expect(outcomes).toEqual(Array(4).fill({ outcome: 'unconfirmed' }));
  expect(await sound.log.read(inbox(), 0, 10)).toHaveLength(placed);
  const again = await faulty.log.append(drafts(4));
  expect(again.filter((each) => each.outcome === 'present')).toHaveLength(placed);
  expect(again.filter((each) => each.outcome === 'appended')).toHaveLength(4 - placed);
  expect(faulty.log.calls.append).toBe(2);
});

it('holds appends until they are let go', async () => {
  const letGo = faulty.log.holdAppends();
  const appended = faulty.log.append(drafts(1));
  await clock.advance(1_000);
  expect(await sound.log.read(inbox(), 0, 10)).toEqual([]);
  letGo();
  expect(await appended).toMatchObject([{ outcome: 'appended' }]);
  expect(await faulty.log.append(drafts(1))).toMatchObject([{ outcome: 'present' }]);
});

it('answers nothing while it is away, and everything afterwards', async () => {
  faulty.isAway = true;
  expect(await faulty.log.append(drafts(1))).toEqual([{ outcome: 'unconfirmed' }]);
  for (const call of [
    () => faulty.log.read(inbox(), 0, 1),
    () => faulty.log.heads([]),
    () => faulty.log.ofMessage('m1'),
    () => faulty.log.entryOf('m1', inbox()),
    () => faulty.keeping.erase(inbox()),
    () => faulty.cursors.furthest([]),
    () => faulty.devices.ofUser(user()),
    () => faulty.receipts.record([], []),
    () => faulty.keyRing.tenants(),
    () => faulty.facts.now(),
  ]) {
    await expect(call()).rejects.toBeInstanceOf(PortUnavailable);
  }
  faulty.isAway = false;
  expect(await faulty.facts.now()).toBe(clock.now());
  expect(await faulty.log.append(drafts(1))).toMatchObject([{ outcome: 'appended' }]);
});
