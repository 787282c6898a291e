/** Seeded chance keeps the contract of chance, and repeats itself. */
import { randomContract } from '@carillon/domain/contracts';
import { expect, it } from 'vitest';
import { SeededRandom } from './seeded-random.js';

randomContract('SeededRandom', () => new SeededRandom(7));

it('gives the same run for the same seed and another for another', () => {
  const run = (seed: number) => {
    const random = new SeededRandom(seed);
    return [random.next(), ...random.bytes(4), random.next()];
  };
  expect(run(5)).toEqual(run(5));
  expect(run(5)).not.toEqual(run(6));
});
