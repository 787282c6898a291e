/** Memory keeps the contract of a bus. */
import { busContract, HandClock } from '@carillon/domain/contracts';
import { expect, it } from 'vitest';
import { MemoryBus } from './memory-bus.js';
import { MemoryHub } from './memory-hub.js';

const clock = new HandClock();
const hub = new MemoryHub();
const open = async () => new MemoryBus(clock, hub);

busContract('bus-memory', { open, passTime: (ms) => clock.advance(ms) });

it('answers nothing from a bus that was closed meanwhile', async () => {
  const [asker, responder] = [await open(), await open()];
  responder.subscribe('carillon.late', (message) => {
    void responder.close().then(() => message.reply(new Uint8Array(1)));
  });
  const outcome = asker.request('carillon.late', new Uint8Array(), 100).catch((error: Error) => error.name);
  await clock.advance(200);
  expect(await outcome).toBe('TimedOut');
});

it('lets the members of a group take turns', async () => {
  const bus = await open();
  const heard = [0, 0, 0];
  for (const member of [0, 1, 2]) {
    bus.subscribe(
      'carillon.turns',
      () => {
        heard[member]! += 1;
      },
      'red',
    );
  }
  for (let n = 0; n < 30; n++) bus.publish('carillon.turns', new Uint8Array());
  await clock.advance(0);
  expect(heard).toEqual([10, 10, 10]);
});
