/**
 * Starts the services of a process and stops them again in order.
 * No signals, no exits: fit for tests on port 0.
 */
import {
  type Config,
  type Environment,
  type InternalServer,
  readConfig,
  type ServiceContext,
  type ServiceName,
  startInternalServer,
  urlOf,
} from '@carillon/platform';
import type { DynamicModule, WebSocketAdapter } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { type HttpInstance, makeHttpApp } from './http-app.js';
import { listenFault } from './listen-fault.js';
import { openContext } from './open-context.js';
import type { OpenedPorts } from './open-ports.js';

/** What a process is made of. */
export interface ServiceOptions {
  readonly services: readonly ServiceName[];
  readonly modules: (context: ServiceContext) => DynamicModule[];
  readonly webSockets?: (context: ServiceContext, app: NestFastifyApplication) => WebSocketAdapter;
  /** Routes that belong to no service. */
  readonly routes?: (context: ServiceContext, fastify: HttpInstance) => void | Promise<void>;
}

export interface StartOptions extends ServiceOptions {
  readonly env: Environment;
  /** Ports that the caller has opened and will close, to be shared by several services in one process. */
  readonly ports?: Partial<OpenedPorts>;
}

export interface RunningService {
  /** Base of the public addresses; empty for Dispatch, which has none. */
  readonly url: string;
  readonly internalUrl: string;
  readonly context: ServiceContext;
  /** Drains, closes, and lets go of all ports. Idempotent. */
  stop(): Promise<void>;
}

/** Resolves when the services listen. @throws ConfigInvalid, StartFault; nothing stays open then */
export async function startService(options: StartOptions): Promise<RunningService> {
  const config = readConfig(options.services, options.env);
  const undo: Undo = [];
  try {
    return await start(options, config, undo);
  } catch (error) {
    for (const step of undo.reverse()) await step();
    throw error;
  }
}

/** What is to be done at the end, in reverse order. */
type Undo = (() => Promise<void>)[];

async function start(options: StartOptions, config: Config, undo: Undo): Promise<RunningService> {
  const { context, close } = await openContext({
    services: options.services,
    config,
    ports: options.ports ?? {},
  });
  undo.push(close);
  const internal = await listenInternally(context);
  undo.push(() => internal.close());
  const app = await makeHttpApp(context, options.modules(context));
  undo.push(() => app.close());
  if (options.webSockets) app.useWebSocketAdapter(options.webSockets(context, app));
  await options.routes?.(context, app.getHttpAdapter().getInstance() as unknown as HttpInstance);
  const url = await listen(app, options.services, config);
  context.health.setStarted();
  context.log.info({ url, internalUrl: internal.url }, 'listening');
  let stopping: Promise<void> | undefined;
  return {
    url,
    internalUrl: internal.url,
    context,
    stop() {
      stopping ??= unwind(context, undo);
      return stopping;
    },
  };
}

async function listenInternally({ config, health, metrics }: ServiceContext): Promise<InternalServer> {
  try {
    return await startInternalServer({ ...config.internal, health, metrics });
  } catch (error) {
    throw listenFault(error, { ...config.internal, env: 'CARILLON_INTERNAL_PORT' });
  }
}

/**
 * Connections that wait to be accepted; the kernel takes `net.core.somaxconn` where that is less. Thousands
 * come back in one moment: one that finds no place tries again after a second, and after two more.
 */
const backlog = 16_384;

/** Dispatch alone has nothing to say in public. */
async function listen(
  app: NestFastifyApplication,
  services: readonly ServiceName[],
  config: Config,
): Promise<string> {
  const { host, port } = config.http;
  await app.init();
  if (services.every((service) => service === 'dispatch')) return '';
  try {
    // Not the application's own listen: it would log the error besides, in the system's words.
    await app.getHttpAdapter().getInstance().listen({ host, port, backlog });
  } catch (error) {
    throw listenFault(error, { host, port, env: 'CARILLON_HTTP_PORT' });
  }
  return urlOf(app.getHttpServer(), host);
}

async function unwind({ health, log }: ServiceContext, undo: Undo): Promise<void> {
  health.setDraining();
  log.info('draining');
  for (const step of undo.reverse()) {
    try {
      await step();
    } catch (error) {
      // What comes after must be let go all the same.
      log.error({ err: error }, 'not stopped cleanly');
    }
  }
  log.info('stopped');
}
