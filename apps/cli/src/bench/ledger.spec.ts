/** What the ledger calls missing, doubled, out of order and misdirected, and what it does not. */
import { beforeEach, describe, expect, it } from 'vitest';
import { Ledger } from './ledger.js';

describe('a ledger', () => {
  let ledger: Ledger;
  beforeEach(() => {
    ledger = new Ledger();
  });

  /** Posted at one time, answered at another. */
  const accepted = (n: number, [sentAt, answeredAt]: readonly [number, number], request = n) => {
    ledger.sent({ n, user: 0, request }, sentAt);
    ledger.accepted(n, `msg_${n}`, answeredAt);
  };
  const arrived = (n: number, seq: number, user = 0) => ledger.arrived({ n, user, seq, atMs: 100 });
  const faults = () => [ledger.waiting, ledger.doubled, ledger.outOfOrder, ledger.misdirected];

  it('finds nothing wrong with what comes once and in order', () => {
    accepted(0, [1, 2]);
    accepted(1, [3, 4]);
    expect([arrived(0, 5), arrived(1, 6)]).toEqual([99, 97]);
    expect(faults()).toEqual([0, 0, 0, 0]);
    expect(ledger.missing()).toEqual([]);
  });

  it('misses what was accepted and has not come, and names it', () => {
    accepted(0, [1, 2]);
    accepted(1, [3, 4]);
    arrived(0, 5);
    expect(faults()).toEqual([1, 0, 0, 0]);
    expect(ledger.missing()).toEqual([{ id: 'msg_1', user: 0 }]);
  });

  it('does not miss what was not accepted, nor minds if it comes all the same', () => {
    ledger.sent({ n: 0, user: 0, request: 0 }, 1);
    ledger.abandoned(0);
    expect(ledger.missing()).toEqual([]);
    arrived(0, 5);
    expect(faults()).toEqual([0, 0, 0, 0]);
    arrived(0, 6);
    expect(ledger.doubled).toBe(1);
  });

  it('takes an arrival before the answer to its POST', () => {
    ledger.sent({ n: 0, user: 0, request: 0 }, 1);
    arrived(0, 5);
    ledger.accepted(0, 'msg_0', 2);
    expect(faults()).toEqual([0, 0, 0, 0]);
  });

  it.each([
    ['with the same seq', 5],
    ['stored twice', 6],
  ])('sees what comes twice, %s', (_, seq) => {
    accepted(0, [1, 2]);
    arrived(0, 5);
    expect(arrived(0, seq)).toBeUndefined();
    expect(faults()).toEqual([0, 1, 0, 0]);
  });

  it('sees that what was answered before the other was posted comes behind it', () => {
    accepted(0, [1, 2]);
    accepted(1, [3, 4]);
    arrived(1, 5);
    arrived(0, 6);
    expect(faults()).toEqual([0, 0, 1, 0]);
  });

  it('asks for no order of what was posted at the same time', () => {
    accepted(0, [1, 4]);
    accepted(1, [2, 3]);
    arrived(1, 5);
    arrived(0, 6);
    expect(faults()).toEqual([0, 0, 0, 0]);
  });

  it('measures from the attempt that counted, and orders by the first one', () => {
    ledger.sent({ n: 0, user: 0, request: 0 }, 1);
    accepted(1, [3, 4]);
    ledger.sent({ n: 0, user: 0, request: 0 }, 50);
    ledger.accepted(0, 'msg_0', 51);
    expect(arrived(0, 5)).toBe(50);
    arrived(1, 6);
    expect(ledger.outOfOrder).toBe(0);
  });

  it('asks for the order within one request', () => {
    accepted(0, [1, 2], 9);
    accepted(1, [1, 2], 9);
    arrived(1, 5);
    arrived(0, 6);
    expect(ledger.outOfOrder).toBe(1);
  });

  it('asks for rising numbers in the log', () => {
    accepted(0, [1, 4]);
    accepted(1, [2, 3]);
    arrived(0, 6);
    arrived(1, 5);
    expect(ledger.outOfOrder).toBe(1);
  });

  it('sees what comes to the wrong user, and still misses it', () => {
    accepted(0, [1, 2]);
    expect(arrived(0, 5, 1)).toBeUndefined();
    expect(faults()).toEqual([1, 0, 0, 1]);
  });

  it('says how many are missing and names only a few', () => {
    for (let n = 0; n < 9; n += 1) accepted(n, [n, n]);
    expect(ledger.waiting).toBe(9);
    expect(ledger.missing()).toHaveLength(5);
  });
});
