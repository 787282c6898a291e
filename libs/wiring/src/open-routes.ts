/** Which route table for which configuration. */
import type { Clock, Random, RouteTable } from '@carillon/domain/ports';
import type { RoutesConfig } from '@carillon/platform';

export interface RoutesParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly commandTimeoutMs: number;
}

/** Does not wait for Redis: while it is away routes cannot be asked, and delivery goes on without them. */
export async function openRoutes(config: RoutesConfig, parts: RoutesParts): Promise<RouteTable> {
  switch (config.kind) {
    case 'redis': {
      const { RedisRoutes } = await import('@carillon/routes-redis');
      return RedisRoutes.open({ ...parts, url: config.url, prefix: config.prefix });
    }
    case 'memory': {
      const { MemoryRoutes } = await import('@carillon/routes-memory');
      return new MemoryRoutes(parts.clock);
    }
    default:
      return config satisfies never;
  }
}
