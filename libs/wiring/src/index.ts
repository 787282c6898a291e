/** Starts services: configuration → adapters → Nest application → listening → drain → end. */
export { beginEpoch, runBeginEpoch } from './begin-epoch.js';
export type { HttpInstance } from './http-app.js';
export type { OpenedPorts } from './open-ports.js';
export { type RunOptions, runService } from './run-service.js';
export {
  type RunningService,
  type ServiceOptions,
  type StartOptions,
  startService,
} from './start-service.js';
