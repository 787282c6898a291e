// What several processes of the load client say together.
import { describe, expect, it } from 'vitest';
import { addedUp, type LoadStatus } from './load-client.ts';

const spread = (maxMs: number) => ({ p50Ms: maxMs / 4, p99Ms: maxMs / 2, maxMs });
const said = (received: number, firstPostUs: number, lastReceivedUs: number) =>
  ({
    received,
    firstPostUs,
    lastReceivedUs,
    lastAnswerUs: 0,
    lastOpenUs: 0,
    delivery: spread(received),
    answer: spread(1),
  }) as LoadStatus;

describe('several load clients', () => {
  it('add up what they counted and end with the last of them', () => {
    const sum = addedUp([said(10, 0, 100), said(20, 50, 90), said(12, 0, 80)]);
    expect(sum).toMatchObject({ received: 42, firstPostUs: 50, lastReceivedUs: 100, delivery: spread(20) });
  });

  it('say nothing that none of them said', () => {
    expect(() => addedUp([])).toThrow(RangeError);
  });
});
