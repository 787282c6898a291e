/**
 * The configuration for people: the table that the docs are made of,
 * and the effective values without secrets.
 */
import type { Config } from './config.js';
import { options } from './config-sources.js';

/** One row of the reference. `path` is the option's place in the file; `isSecret`: `<env>_FILE` works too. */
export interface ConfigReferenceRow {
  readonly env: string;
  readonly path: string;
  readonly description: string;
  readonly allowed: string;
  readonly isSecret: boolean;
  /** JSON text; absent when the option has no fixed default. */
  readonly default?: string;
}

/** Every option there is, in the schema's order. */
export function configReference(): readonly ConfigReferenceRow[] {
  return options.map(({ env, path, description, allowed, isSecret, schema }) => {
    const absent = schema.safeParse(undefined);
    const standard = absent.success ? JSON.stringify(absent.data) : undefined;
    return {
      env,
      path: path.join('.'),
      description,
      allowed,
      isSecret,
      ...(standard === undefined ? {} : { default: standard }),
    };
  });
}

const hidden = '***';

/** The same shape, fit to be printed: secrets are `***`, and of URLs the user and password are. */
export function redactedConfig(config: Config): Config {
  const { auth, store, routes, bus } = config;
  return {
    ...config,
    store: store.kind === 'mongo' ? { ...store, url: withoutUser(store.url) } : store,
    routes: routes.kind === 'redis' ? { ...routes, url: withoutUser(routes.url) } : routes,
    bus: bus.kind === 'nats' ? { ...bus, url: withoutUser(bus.url) } : bus,
    auth: {
      ...auth,
      ...(auth.pepper === undefined ? {} : { pepper: hidden }),
      ...(auth.keySecret === undefined ? {} : { keySecret: hidden }),
      ...(auth.adminKey === undefined ? {} : { adminKey: hidden }),
    },
  };
}

/**
 * Drops everything before the last `@` of the authority, and the query, which may carry credentials as well.
 */
function withoutUser(url: string): string {
  const [address = ''] = url.split('?');
  const start = address.indexOf('://') + 3;
  const at = address.lastIndexOf('@');
  return at < start ? address : `${address.slice(0, start)}${hidden}@${address.slice(at + 1)}`;
}
