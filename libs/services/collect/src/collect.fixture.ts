/** Collect put together without Nest, for its specs. Must never be imported by code that ships. */
import { parameters } from '@carillon/domain';
import type { Bus, Clock, Random, Store } from '@carillon/domain/ports';
import { Metrics } from '@carillon/platform';
import { limits } from '@carillon/wire';
import { Appending } from './appending.js';
import { CollectMetrics } from './collect-metrics.js';
import type { CollectOptions } from './collect-options.js';
import { CommitQueue } from './commit-queue.js';
import type { Credential } from './credential.js';
import { Dispatches } from './dispatches.js';
import { Doorbells } from './doorbells.js';
import { IntakeGate } from './intake-gate.js';
import { MessageIds } from './message-id.js';
import { MessageIntake } from './message-intake.js';
import { Pressure } from './pressure.js';

/** What a Collect of a spec stands on. */
export interface FixturePorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly store: Pick<Store, 'log'>;
  readonly bus: Bus;
}

/** A credential that may do everything in the tenant `demo`. */
export const producer: Credential = {
  verdict: 'accepted',
  tenant: 'demo',
  principal: 'shop',
  keyId: 'k1',
  scopes: ['admin'],
  cacheUntil: Number.MAX_SAFE_INTEGER,
};

/** All parts, started. */
export function collectParts(ports: FixturePorts, changes: Partial<CollectOptions> = {}) {
  const { clock, random, bus } = ports;
  const options: CollectOptions = {
    ...parameters,
    ttlDefaultMs: limits.ttlDefaultMs,
    recipientsMax: limits.recipientsMax,
    batchMax: limits.batchMax,
    ...changes,
  };
  const registry = new Metrics();
  const metrics = new CollectMetrics(registry);
  const pressure = new Pressure(clock, options);
  const dispatches = new Dispatches(bus, clock, options);
  const doorbells = new Doorbells(bus, dispatches, pressure, clock, metrics, options);
  const commits = new CommitQueue(ports.store.log, doorbells, clock, metrics, options);
  const appending = new Appending(commits);
  const gate = new IntakeGate(appending, pressure, random);
  const ids = new MessageIds(clock, random);
  const intake = new MessageIntake(gate, appending, ids, clock, metrics, options);
  doorbells.start();
  return { options, registry, pressure, dispatches, doorbells, commits, appending, intake };
}
