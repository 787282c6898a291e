// A volatile message is passed on once, or not at all when it comes too late.
import { allLog, type LogKey, topicLog } from '@carillon/domain';
import { FakeClock } from '@carillon/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { Nonces } from './nonces.js';

const log = allLog('demo');

let clock: FakeClock;
let nonces: Nonces;

beforeEach(() => {
  clock = new FakeClock();
  nonces = new Nonces(clock);
});

const isNew = (seq: number, of: LogKey = log, acceptedAt = clock.now()) =>
  nonces.isNew({ log: of, seq, acceptedAt });

describe('a nonce', () => {
  it('is new once per log', () => {
    expect([isNew(1), isNew(1), isNew(2), isNew(1, topicLog('demo', 'x'))]).toEqual([
      true,
      false,
      true,
      true,
    ]);
  });

  it('is known for ten seconds, and then its message is too old', async () => {
    const acceptedAt = clock.now();
    expect(isNew(1, log, acceptedAt)).toBe(true);
    await clock.advance(10_000);
    expect(isNew(1, log, acceptedAt)).toBe(false);
    await clock.advance(1);
    expect(isNew(1, log, acceptedAt)).toBe(false);
    expect(isNew(1)).toBe(true); // another message with the same number
  });

  it('is forgotten before memory runs out', () => {
    for (let seq = 1; seq <= 30_000; seq++) isNew(seq);
    expect(isNew(1)).toBe(true);
    expect(isNew(30_000)).toBe(false);
  });
});
