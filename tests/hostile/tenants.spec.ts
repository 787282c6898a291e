// Tenant isolation of the real standalone process.
import { afterAll, beforeAll } from 'vitest';
import { buildApps, buildTimeoutMs } from '../setup/built.ts';
import { isolation } from './isolation.ts';
import { startVictim, type Victim } from './victim.ts';

let victim: Victim;
beforeAll(async () => {
  await buildApps();
  victim = await startVictim();
}, buildTimeoutMs);
afterAll(() => victim?.running.remove());

isolation(() => victim);
