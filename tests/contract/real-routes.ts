// The routes that Auth and Collect really serve, asked of Fastify. Must never know the table.
import { AuthModule } from '@carillon/auth';
import { CollectModule } from '@carillon/collect';
import type { ServiceContext } from '@carillon/platform';
import { startService } from '@carillon/wiring';

export type Service = 'auth' | 'collect';

export interface Served {
  /** `POST /v1/messages/{id}` of each route, in alphabetical order. */
  readonly routes: readonly string[];
  /** What the process answers to a GET. */
  get(path: string): Promise<Response>;
  stop(): Promise<void>;
}

const env = {
  STORE_KIND: 'memory',
  ROUTES_KIND: 'memory',
  BUS_KIND: 'memory',
  CARILLON_HTTP_PORT: '0',
  CARILLON_INTERNAL_PORT: '0',
  LOG_LEVEL: 'silent',
};

const modules = {
  auth: (context: ServiceContext) => [AuthModule.with(context, { printAdminKey: () => {} })],
  collect: (context: ServiceContext) => [CollectModule.with(context)],
};

/** Starts the service alone, on memory and any free port. */
export async function serve(service: Service): Promise<Served> {
  const routes = new Set<string>();
  const running = await startService({
    services: [service],
    modules: modules[service],
    env,
    routes: (_context, fastify) => {
      fastify.addHook('onRoute', ({ method, url }) => {
        for (const name of [method].flat()) routes.add(`${name} ${templateOf(url)}`);
      });
    },
  });
  return {
    // Fastify answers HEAD wherever it answers GET.
    routes: [...routes].filter((route) => !/^(?:HEAD|OPTIONS) /.test(route)).toSorted(),
    get: (path) => fetch(running.url + path),
    stop: () => running.stop(),
  };
}

/** `/users/:user::disconnect` as the document writes it: `/users/{user}:disconnect`. */
export function templateOf(url: string): string {
  return url.replace(/::|:(\w+)/g, (_, name: string | undefined) => (name === undefined ? ':' : `{${name}}`));
}
