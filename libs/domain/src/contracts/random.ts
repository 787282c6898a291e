/** What Random promises. Must never fail by bad luck: its bounds are wider than any run will meet. */
import { describe, expect, it } from 'vitest';
import { type Random, randomName } from '../ports/random.js';
import { span } from './specimens.js';

/** Registers the suite. */
export function randomContract(name: string, open: () => Random): void {
  describe(`${name} keeps the contract of Random`, () => {
    it('gives numbers from 0 inclusive to 1 exclusive, evenly', () => {
      const random = open();
      const tenths = Array<number>(10).fill(0);
      for (let n = 0; n < 10_000; n++) {
        const next = random.next();
        expect(next >= 0 && next < 1).toBe(true);
        tenths[Math.floor(next * 10)]! += 1;
      }
      for (const share of tenths) expect(share).toBeGreaterThan(700);
    });

    it('gives as many bytes as asked for, all values among them', () => {
      const random = open();
      expect(random.bytes(0)).toHaveLength(0);
      expect(new Set(random.bytes(10_000)).size).toBe(256);
      expect([...random.bytes(16)]).not.toEqual([...random.bytes(16)]);
    });

    it('gives names that are all different', () => {
      const random = open();
      const names = new Set(span(1, 1_000).map(() => randomName(random, 10)));
      expect(names.size).toBe(1_000);
      for (const each of names) expect(each).toMatch(/^[0-9A-HJKMNP-TV-Z]{10}$/);
    });
  });
}
