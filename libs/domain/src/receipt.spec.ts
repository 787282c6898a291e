/** Which receipts share a row. */
import { expect, it } from 'vitest';
import { allLog } from './keys.js';
import { receiptBucketMs, receiptId } from './receipt.js';

it('puts receipts of one connection, log and ten minutes into one row', () => {
  const at = 3_000 * receiptBucketMs;
  const id = receiptId('c1', allLog('demo'), at);
  expect(id).toBe('c1@demo/all#3000');
  expect(receiptId('c1', allLog('demo'), at + receiptBucketMs - 1)).toBe(id);
  for (const other of [
    receiptId('c1', allLog('demo'), at + receiptBucketMs),
    receiptId('c1', allLog('demo'), at - 1),
    receiptId('c2', allLog('demo'), at),
    receiptId('c1', allLog('acme'), at),
  ]) {
    expect(other).not.toBe(id);
  }
});
