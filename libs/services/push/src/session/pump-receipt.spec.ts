// What a pump tells the ledger stays small, whatever the message rate.
import { describe, expect, it } from 'vitest';
import { PumpReceipt } from './pump-receipt.js';

describe('the receipt of a pump', () => {
  it('has one range for what was sent in 25 ms in one way', () => {
    const receipt = new PumpReceipt();
    for (let seq = 1; seq <= 250; seq++)
      receipt.noteSent({ from: seq, to: seq, at: 1_000 + seq, way: 'live' });
    receipt.noteSent({ from: 251, to: 251, at: 1_250, way: 'anti-entropy' });
    const { sent } = receipt.take() ?? { sent: [] };
    expect(sent).toHaveLength(11);
    expect(sent[0]).toEqual({ from: 1, to: 25, at: 1_001, way: 'live' });
    expect(sent.at(-1)).toEqual({ from: 251, to: 251, at: 1_250, way: 'anti-entropy' });
    expect(receipt.take()).toBeUndefined();
  });

  it('never joins what is not contiguous', () => {
    const receipt = new PumpReceipt();
    receipt.noteSent({ from: 1, to: 1, at: 5, way: 'live' });
    receipt.noteSent({ from: 3, to: 3, at: 5, way: 'live' });
    expect(receipt.take()?.sent.map(({ from }) => from)).toEqual([1, 3]);
  });
});
