/** What a service module is given at start: its configuration, its ports, and where to report. */
import type { Bus, Clock, ClockTrust, Random, RouteTable, Store } from '@carillon/domain/ports';
import type { Logger } from 'pino';
import type { Config } from './config.js';
import type { Health } from './health.js';
import type { Metrics } from './metrics.js';

export type { Logger } from 'pino';

/** One per process; `Module.with(context)` provides its parts under their abstract classes. */
export interface ServiceContext {
  readonly config: Config;
  /** Name of this process, fit to be part of an incarnation. */
  readonly node: string;
  /** Opened only for services that use it (`portUsers`); so are the routes. */
  readonly store: Store;
  readonly routes: RouteTable;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly trust: ClockTrust;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly log: Logger;
}
