/** The sum of a receipt's additions does not depend on their order or on how often one is there. */
import { expect, it } from 'vitest';
import { anySeed, Seeded } from './contracts/seeded.js';
import { userKey, userLog } from './keys.js';
import type { Receipt, TimedRange, Way } from './receipt.js';
import { receiptSums } from './receipt-sum.js';

const user = userKey('demo', 'ann');
const empty: Receipt = {
  ...{ id: 'r', log: userLog(user), user, connection: 'c', node: 'n' },
  ...{ sent: [], settled: [], failed: [], unhandled: [] },
};
const range = (from: number, to: number, at = 1): TimedRange => ({ from, to, at });
const sent = (from: number, to: number, way: Way = 'live') => ({ ...range(from, to), way });

it('adds up the ranges and seqs of one id, and keeps ids apart', () => {
  const sums = receiptSums([
    { ...empty, settled: [range(4, 6, 2)], failed: [6, 5] },
    { ...empty, id: 'other', settled: [range(1, 1)] },
    { ...empty, settled: [range(1, 3)], unhandled: [2] },
  ]);
  expect(sums).toEqual([
    { ...empty, settled: [range(1, 3), range(4, 6, 2)], failed: [5, 6], unhandled: [2] },
    { ...empty, id: 'other', settled: [range(1, 1)] },
  ]);
});

it('makes one range of what overlaps at one instant in one way, and of nothing else', () => {
  const [sum] = receiptSums([
    { ...empty, sent: [sent(1, 3), sent(7, 9)], settled: [range(1, 3), range(1, 3, 2)] },
    { ...empty, sent: [sent(2, 5), sent(1, 3, 'replay'), sent(6, 6)], settled: [range(4, 4)] },
  ]);
  expect(sum?.sent).toHaveLength(4);
  expect(sum?.sent).toEqual(
    expect.arrayContaining([sent(1, 5), sent(1, 3, 'replay'), sent(6, 6), sent(7, 9)]),
  );
  expect(sum?.settled).toEqual([range(1, 3), range(4, 4), range(1, 3, 2)]);
});

const seed = anySeed();
it(`gives the same whatever the order and the repeats (seed ${seed})`, () => {
  const random = new Seeded(seed);
  const ranges = (): TimedRange[] =>
    Array.from({ length: random.whole(0, 4) }, () => {
      const from = random.whole(1, 20);
      return range(from, from + random.whole(0, 5), random.whole(1, 3));
    });
  for (let round = 0; round < 300; round += 1) {
    const additions = Array.from({ length: random.whole(1, 6) }, () => ({
      ...{ ...empty, settled: ranges(), failed: [random.whole(1, 9)] },
      sent: ranges().map((each) => ({ ...each, way: random.next() < 0.5 ? 'live' : 'replay' }) as const),
    }));
    const again = additions.flatMap((each) => (random.next() < 0.5 ? [each, each] : [each]));
    const shuffled = again
      .map((each) => ({ each, place: random.next() }))
      .sort((a, b) => a.place - b.place)
      .map(({ each }) => each);
    expect(receiptSums(shuffled)).toEqual(receiptSums(additions));
  }
});
