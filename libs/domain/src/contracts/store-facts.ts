/** What StoreFacts promises. */
import { describe, expect, it } from 'vitest';
import { draftFor, freshInbox } from './specimens.js';
import { place, type StoreSubject } from './store-subject.js';

/** Registers the suite. */
export function storeFactsContract({ store, other }: StoreSubject): void {
  describe('StoreFacts', () => {
    it('has one epoch, whoever asks and whatever is written', async () => {
      const epochs = await Promise.all([store(), other(), store()].map((each) => each.facts.epoch()));
      await place(store(), [draftFor(freshInbox())]);
      epochs.push(await other().facts.epoch());
      expect(epochs[0]).toMatch(/./);
      expect(new Set(epochs).size).toBe(1);
    });

    it('tells the time in whole epoch milliseconds, not backwards', async () => {
      const first = await store().facts.now();
      const second = await store().facts.now();
      expect(Number.isSafeInteger(first)).toBe(true);
      expect(first).toBeGreaterThan(1_600_000_000_000);
      expect(second).toBeGreaterThanOrEqual(first);
    });
  });
}
