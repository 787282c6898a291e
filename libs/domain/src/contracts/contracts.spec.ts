/** The contracts that domain can try on something of its own, so that they do not rest on adapters alone. */
import { clockContract } from './clock.js';
import { HandClock } from './hand-clock.js';
import { randomContract } from './random.js';
import { anySeed, Seeded } from './seeded.js';

let clock = new HandClock();
clockContract('HandClock', {
  open: () => {
    clock = new HandClock();
    return clock;
  },
  passTime: (ms) => clock.advance(ms),
});

const seed = anySeed();
randomContract(`Seeded (seed ${seed})`, () => new Seeded(seed));
