/** Which route table for which configuration. */
import { type Clock, PortError, type Random, type RouteTable } from '@carillon/domain/ports';
import { type RoutesConfig, StartFault } from '@carillon/platform';

export interface RoutesParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly commandTimeoutMs: number;
}

/** @throws StartFault */
export async function openRoutes(config: RoutesConfig, parts: RoutesParts): Promise<RouteTable> {
  const { clock, random, commandTimeoutMs } = parts;
  switch (config.kind) {
    case 'redis': {
      const { RedisRoutes } = await import('@carillon/routes-redis');
      const { url, prefix } = config;
      try {
        return await RedisRoutes.open({ url, prefix, clock, random, commandTimeoutMs });
      } catch (error) {
        if (!(error instanceof PortError)) throw error;
        throw new StartFault('Redis cannot be reached: start it, or correct REDIS_URL.', { cause: error });
      }
    }
    case 'memory': {
      const { MemoryRoutes } = await import('@carillon/routes-memory');
      return new MemoryRoutes(clock);
    }
    default:
      return config satisfies never;
  }
}
