/** Opens what the services of a process use, and closes it again: the bus first, the store last. */
import { userKey } from '@carillon/domain';
import type { Bus, Clock, Random, RouteTable, Store } from '@carillon/domain/ports';
import { type Config, type Health, isPortUsed, type Logger, type ServiceName } from '@carillon/platform';
import { openBus } from './open-bus.js';
import { openRoutes } from './open-routes.js';
import { openStore } from './open-store.js';
import { unopenedRoutes, unopenedStore } from './unopened.js';

export interface OpenedPorts {
  readonly store: Store;
  readonly routes: RouteTable;
  readonly bus: Bus;
}

export interface PortParts {
  readonly services: readonly ServiceName[];
  readonly config: Config;
  /** Opened by somebody else, who closes them. */
  readonly ports: Partial<OpenedPorts>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

interface Owned {
  readonly name: string;
  close(): Promise<void>;
}

/**
 * All ports or none: what was opened before a fault is closed again. Waits for the store alone.
 * @throws StartFault
 */
export async function openPorts(parts: PortParts): Promise<{ ports: OpenedPorts; owned: readonly Owned[] }> {
  const { services, config, ports, clock, random, log } = parts;
  const owned: Owned[] = [];
  const open = async <P extends { close(): Promise<void> }>(
    name: string,
    opening: Promise<P>,
  ): Promise<P> => {
    const port = await opening;
    owned.unshift({ name, close: () => port.close() });
    return port;
  };
  const needs = (port: 'store' | 'routes') => isPortUsed(port, services);
  try {
    const store =
      ports.store ??
      (needs('store') ? await open('store', openStore(config.store, { clock, random })) : unopenedStore());
    const commandTimeoutMs = config.delivery.redisCommandMs;
    const routes =
      ports.routes ??
      (needs('routes')
        ? await open('routes', openRoutes(config.routes, { clock, random, commandTimeoutMs }))
        : unopenedRoutes());
    const inboxPrefix = `_INBOX_${services.join('_')}`;
    const report = (error: Error) => log.warn({ err: error }, 'bus');
    const busParts = { name: config.node, inboxPrefix, clock, random, report };
    const bus = ports.bus ?? (await open('bus', openBus(config.bus, busParts)));
    return { ports: { store, routes, bus }, owned };
  } catch (error) {
    for (const port of owned) await port.close();
    throw error;
  }
}

/** Closes all, whatever one of them says. */
export async function closePorts(owned: readonly Owned[], log: Logger): Promise<void> {
  for (const port of owned) {
    try {
      await port.close();
    } catch (error) {
      log.error({ err: error, port: port.name }, 'port not closed');
    }
  }
}

/**
 * Without the store a service can promise nothing. Routes and bus only make delivery faster: while they are
 * away the service goes on, so they are reported and do not take it out of service; only Dispatch has
 * nothing else to do.
 */
export function watchPorts(ports: OpenedPorts, services: readonly ServiceName[], health: Health): void {
  if (isPortUsed('store', services))
    health.addCheck('store', async () => void (await ports.store.facts.now()));
  if (isPortUsed('routes', services)) {
    health.addCheck('routes', async () => void (await ports.routes.lookup([probe])), false);
  }
  health.addCheck('bus', () => ports.bus.ping(), services.includes('dispatch') && services.length === 1);
}

/** A user that nobody is, asked for to see whether there is an answer. */
const probe = userKey('carillon', 'readiness-probe');
