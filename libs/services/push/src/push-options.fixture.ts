/** Options as production has them, for specs; a spec names only what it is about. Never part of a build. */
import { incarnation, parameters } from '@carillon/domain';
import { createLogger } from '@carillon/platform';
import { limits } from '@carillon/wire';
import { PushLog } from './push-log.js';
import type { PushOptions } from './push-options.js';

/** Says nothing. */
export const silentLog = new PushLog(createLogger({ services: ['push'], node: 'push-1', level: 'fatal' }));

export function pushOptions(overrides: Partial<PushOptions> = {}): PushOptions {
  return {
    ...parameters,
    node: 'push-1',
    incarnation: incarnation('push-1', 'boot1'),
    connectionsMax: 1_000,
    socketsPerAddressMax: 1_000,
    instancesPerUserMax: limits.instancesPerUserMax,
    devicesPerUserMax: limits.devicesPerUserMax,
    admissionPerSecond: 1_000,
    admissionBurst: 1_000,
    ...overrides,
  };
}
