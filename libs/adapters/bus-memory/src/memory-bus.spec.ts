/** Memory keeps the contract of a bus. */
import { busContract } from '@carillon/domain/contracts';
import { FakeClock } from '@carillon/testkit';
import { expect, it } from 'vitest';
import { MemoryBus } from './memory-bus.js';
import { MemoryHub } from './memory-hub.js';

const clock = new FakeClock();
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
