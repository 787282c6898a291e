/** Makes the context that all modules of a process share, with its ports open. */
import {
  ClockGuard,
  type Config,
  createLogger,
  Health,
  isPortUsed,
  Metrics,
  redactedConfig,
  type ServiceContext,
  type ServiceName,
  SystemClock,
  SystemRandom,
  UnwatchedClock,
} from '@carillon/platform';
import { closePorts, type OpenedPorts, openPorts, watchPorts } from './open-ports.js';

export interface ContextParts {
  readonly services: readonly ServiceName[];
  readonly config: Config;
  /** Opened by somebody else, who closes them. */
  readonly ports: Partial<OpenedPorts>;
}

export interface OpenedContext {
  readonly context: ServiceContext;
  /** Lets go of the ports that were opened here. */
  readonly close: () => Promise<void>;
}

/** The store has answered once. @throws StartFault; nothing stays open then */
export async function openContext(parts: ContextParts): Promise<OpenedContext> {
  const { services, config } = parts;
  const log = createLogger({ level: config.log.level, node: config.node, services });
  log.info({ config: redactedConfig(config) }, 'starting');
  const clock = new SystemClock();
  const random = new SystemRandom();
  const health = new Health();
  const metrics = new Metrics();
  metrics.collectProcess();
  const { ports, owned } = await openPorts({ ...parts, clock, random, log });
  watchPorts(ports, services, health);
  try {
    const guard = isPortUsed('store', services)
      ? await ClockGuard.watch({
          clock,
          facts: ports.store.facts,
          health,
          log,
          skewMaxMs: config.delivery.clockSkewMaxMs,
        })
      : undefined;
    const trust = guard ?? new UnwatchedClock();
    const context = { config, node: config.node, ...ports, clock, trust, random, metrics, health, log };
    const close = async () => {
      guard?.cancel();
      await closePorts(owned, log);
    };
    return { context, close };
  } catch (error) {
    await closePorts(owned, log);
    throw error;
  }
}
