/** Collect put together without Nest, for its specs. Must never be imported by code that ships. */
import { parameters } from '@carillon/domain';
import type { Bus, Clock, ClockTrust, Random, Store } from '@carillon/domain/ports';
import { createLogger, Metrics } from '@carillon/platform';
import { limits } from '@carillon/wire';
import { Acceptance } from './acceptance.js';
import { Appending } from './appending.js';
import { Backlog } from './backlog.js';
import { Collapsing } from './collapsing.js';
import { CollectLog } from './collect-log.js';
import { CollectMetrics } from './collect-metrics.js';
import type { CollectOptions } from './collect-options.js';
import { CommitQueue } from './commit-queue.js';
import type { Credential } from './credential.js';
import { Deadlines } from './deadlines.js';
import { Dispatches } from './dispatches.js';
import { Doorbells } from './doorbells.js';
import { Firing } from './firing.js';
import { IntakeGate } from './intake-gate.js';
import { MessageIds } from './message-id.js';
import { MessageIntake } from './message-intake.js';
import { Pressure } from './pressure.js';
import { Recall } from './recall.js';
import { RequestReader } from './request-reader.js';
import { Scheduling } from './scheduling.js';

export const silentLog = new CollectLog(
  createLogger({ services: ['collect'], node: 'collect-1', level: 'fatal' }),
);

/** What a Collect of a spec stands on. */
export interface FixturePorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly store: Store;
  /** Trusted without it. */
  readonly trust?: ClockTrust;
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
  const deadlines = new Deadlines(clock, options, silentLog);
  const pressure = new Pressure(clock, options);
  const dispatches = new Dispatches(bus, clock, options);
  const doorbells = new Doorbells(bus, dispatches, pressure, clock, metrics, options);
  const commits = new CommitQueue(ports.store.log, doorbells, clock, metrics, options);
  const { store, trust = { isTrusted: true } } = ports;
  const backlog = new Backlog(store.cursors, store.keeping, clock, options);
  const collapsing = new Collapsing(store.marks, doorbells);
  const appending = new Appending(commits, collapsing, backlog);
  const gate = new IntakeGate(appending, pressure, trust, random, options);
  const ids = new MessageIds(clock, random);
  const reader = new RequestReader(ids, clock, options);
  const scheduling = new Scheduling(store.schedule, store.log, clock);
  const acceptance = new Acceptance(appending, scheduling, backlog, doorbells, random);
  const intake = new MessageIntake(gate, reader, acceptance, metrics, options);
  const firing = new Firing(store.schedule, appending, deadlines, clock, trust, random);
  const recall = new Recall(store.log, store.marks, store.schedule, store.receipts, doorbells, clock);
  /** A request that comes in now. */
  const incoming = (body: unknown, key?: unknown, credential = producer) => ({
    ...{ body, key, credential },
    deadline: deadlines.begin(),
  });
  doorbells.start();
  return {
    incoming,
    options,
    registry,
    deadlines,
    pressure,
    dispatches,
    doorbells,
    commits,
    appending,
    intake,
    firing,
    recall,
  };
}
