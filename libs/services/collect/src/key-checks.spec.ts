/** Who may post: what Auth says, for as long as it says, and for a while when it says nothing. */
import { fromJsonBytes, type KeyCheckRequest, subjects, toJsonBytes } from '@carillon/domain';
import { FakeClock, FaultyBus, memoryPorts } from '@carillon/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { collectParts, producer } from './collect.fixture.js';
import type { CollectLog } from './collect-log.js';
import { KeyChecks } from './key-checks.js';

let clock: FakeClock;
let bus: FaultyBus;
let checks: KeyChecks;
let asked: string[];
let revoked: Set<string>;
let isSilent: boolean;
let isBabbling: boolean;
let faults: unknown[];
const log = { unseen: (fault: unknown) => faults.push(fault) } as unknown as CollectLog;

beforeEach(async () => {
  const ports = await memoryPorts();
  clock = ports.clock;
  bus = new FaultyBus(ports.bus, ports);
  checks = new KeyChecks(bus, clock, collectParts(ports).options, log);
  asked = [];
  revoked = new Set();
  isSilent = false;
  isBabbling = false;
  faults = [];
  bus.subscribe(subjects.authKeyCheck, (message) => {
    const { key } = fromJsonBytes<KeyCheckRequest>(message.data);
    asked.push(key);
    const accepted = { ...producer, keyId: key, cacheUntil: clock.now() + 5_000 };
    if (isBabbling) message.reply(new Uint8Array([1]));
    else if (!isSilent) message.reply(toJsonBytes(revoked.has(key) ? { verdict: 'refused' } : accepted));
  });
});

describe('the check of keys', () => {
  it('asks once for many requests at once, and again when Auth wants to be asked', async () => {
    const verdicts = await Promise.all(Array.from({ length: 64 }, async () => checks.check('k')));
    expect(verdicts.every((each) => typeof each === 'object' && each.keyId === 'k')).toBe(true);
    await clock.advance(4_999);
    expect(checks.check('k')).toMatchObject({ tenant: 'demo' });
    expect(asked).toEqual(['k']);
    await clock.advance(1);
    await checks.check('k');
    expect(asked).toEqual(['k', 'k']);
  });

  it('refuses a key that was revoked as soon as the answer is old', async () => {
    await checks.check('k');
    revoked.add('k');
    await clock.advance(5_000);
    expect(await checks.check('k')).toBe('refused');
    bus.goAway();
    expect(await checks.check('k')).toBe('unknown');
  });

  it('keeps a good key while the bus is away, for ten minutes and no longer', async () => {
    await checks.check('k');
    bus.goAway();
    for (let minute = 1; minute < 10; minute += 1) {
      await clock.advance(60_000);
      expect(await checks.check('k')).toMatchObject({ tenant: 'demo' });
    }
    expect(await checks.check('other')).toBe('unknown');
    await clock.advance(60_000);
    expect(await checks.check('k')).toBe('unknown');
  });

  it('does not make every request wait for a silent Auth', async () => {
    await checks.check('k');
    isSilent = true;
    await clock.advance(5_000);
    const waiting = checks.check('k');
    await clock.advance(2_000);
    expect(await waiting).toMatchObject({ tenant: 'demo' });
    expect(checks.check('k')).toMatchObject({ tenant: 'demo' });
    expect(asked).toHaveLength(2);
    await clock.advance(1_000);
    expect(checks.check('k')).toMatchObject({ tenant: 'demo' });
    await clock.advance(0);
    expect(asked).toHaveLength(3);
    const unknown = checks.check('new');
    await clock.advance(2_000);
    expect(await unknown).toBe('unknown');
  });

  it('believes an Auth that speaks again, whatever was remembered in its silence', async () => {
    await askInVain(3_000);
    [isSilent, revoked] = [false, new Set(['k'])];
    expect(checks.check('k')).toMatchObject({ tenant: 'demo' });
    await clock.advance(0);
    expect(await checks.check('k')).toBe('refused');
  });

  it('believes nothing that was not used for some seconds of the silence before it has asked', async () => {
    await askInVain(2_000);
    [isSilent, revoked] = [false, new Set(['k'])];
    await clock.advance(6_000);
    expect(await checks.check('k')).toBe('refused');
  });

  it('tells the log of an answer that nobody can read, and does not ask at once again', async () => {
    await askInVain(3_000);
    isBabbling = true;
    expect(checks.check('k')).toMatchObject({ tenant: 'demo' });
    await clock.advance(1);
    expect(faults).toEqual([expect.any(SyntaxError)]);
    const questions = asked.length;
    expect(checks.check('k')).toMatchObject({ tenant: 'demo' });
    await clock.advance(1);
    expect(asked).toHaveLength(questions);
  });

  it('remembers at most 1,000 keys', async () => {
    for (let count = 0; count <= 1_000; count += 1) await checks.check(`k${count}`);
    asked = [];
    expect(checks.check('k1000')).toMatchObject({ keyId: 'k1000' });
    await checks.check('k0');
    expect(asked).toEqual(['k0']);
  });
});

/** The key was good, Auth has fallen silent, and the first question about it goes without an answer. */
async function askInVain(waitMs: number): Promise<void> {
  await checks.check('k');
  isSilent = true;
  await clock.advance(5_000);
  const waiting = checks.check('k');
  await clock.advance(waitMs);
  await waiting;
}
