/** What all processes need around their services: configuration, answers, logs, metrics, health. */
export { ClockGuard, type ClockGuardParts, UnwatchedClock } from './clock-guard.js';
export {
  type AuthConfig,
  type BusConfig,
  type Config,
  ConfigInvalid,
  type HttpConfig,
  isPortUsed,
  portUsers,
  processEnvironment,
  type RoutesConfig,
  readConfig,
  type StoreConfig,
} from './config.js';
export type { DeliveryConfig } from './config-delivery.js';
export { type ConfigReferenceRow, configReference, redactedConfig } from './config-reference.js';
export { type LogLevel, type ServiceName, serviceNames } from './config-schema.js';
export type { Environment } from './config-sources.js';
export { errorsPage } from './errors-page.js';
export { Health, type Readiness } from './health.js';
export { fastifyOptions, useJsonBodies } from './http-limits.js';
export {
  type InternalServer,
  type InternalServerParts,
  startInternalServer,
  urlOf,
} from './internal-server.js';
export { createLogger, type LogFacts, logRequest } from './logging.js';
export { durationBuckets, type MetricFacts, Metrics } from './metrics.js';
export { nestLogger } from './nest-logger.js';
export { type InputLimits, parseInput } from './parse-input.js';
export {
  errorsPath,
  type FieldFault,
  Problem,
  type ProblemBody,
  type ProblemExtra,
  problemBody,
  problemHeaders,
} from './problem.js';
export { ProblemFilter } from './problem-filter.js';
export { makeRequestId, requestIdHeader, requestIdOf } from './request-id.js';
export { allowedMethods, watchRoutes } from './route-methods.js';
export type { Logger, ServiceContext } from './service-context.js';
export { StartFault } from './start-fault.js';
export { SystemClock } from './system-clock.js';
export { SystemRandom } from './system-random.js';
export type { Tally, TallyFacts, TallySeries } from './tally.js';
