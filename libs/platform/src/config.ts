/**
 * The configuration of a process: file < environment, every fault reported at once. The only reader of the
 * environment; must never print a secret.
 */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type DeliveryConfig, nestingFaults } from './config-delivery.js';
import { type ConfigInput, type LogLevel, type ServiceName, serviceNames } from './config-schema.js';
import { type Environment, readInput } from './config-sources.js';

export type StoreConfig =
  | { readonly kind: 'mongo'; readonly url: string; readonly database: string }
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'memory' };

export type RoutesConfig =
  | { readonly kind: 'redis'; readonly url: string; readonly prefix: string }
  | { readonly kind: 'memory' };

export type BusConfig = { readonly kind: 'nats'; readonly url: string } | { readonly kind: 'memory' };

export interface AuthConfig {
  readonly issuer: string;
  readonly audience: string;
  readonly tokenTtlMs: number;
  readonly pepper?: string;
  readonly keySecret?: string;
  readonly adminKey?: string;
  /** Where the first start writes the admin key that it made. */
  readonly adminKeyFile?: string;
  readonly origins: readonly string[];
}

export interface HttpConfig {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly trustedProxies: readonly string[];
}

/** All slices are always there, whatever services the process runs. */
export interface Config {
  /** Fit to be part of an incarnation. */
  readonly node: string;
  readonly dataDir: string;
  readonly store: StoreConfig;
  readonly routes: RoutesConfig;
  readonly bus: BusConfig;
  readonly http: HttpConfig;
  readonly internal: { readonly host: string; readonly port: number };
  readonly auth: AuthConfig;
  readonly collect: { readonly recipientsMax: number; readonly batchMax: number };
  readonly dispatch: { readonly batchesMax: number };
  readonly push: {
    readonly admission: { readonly perSecond: number; readonly burst: number };
    readonly connectionsMax: number;
    readonly socketsPerAddressMax: number;
    readonly drainMs: number;
  };
  readonly delivery: DeliveryConfig;
  readonly log: { readonly level: LogLevel };
  readonly shutdownMs: number;
}

/**
 * Something is wrong with the configuration;
 * `faults` has one sentence for each, with its name and what is allowed.
 */
export class ConfigInvalid extends Error {
  override readonly name = 'ConfigInvalid';
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(
      `The configuration has ${faults.length} fault(s):\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
    );
    this.faults = faults;
  }
}

/**
 * The configuration of a process that runs these services. `CARILLON_CONFIG` names a JSON file; the
 * environment wins over it; `<NAME>_FILE` reads a secret from a file. A variable that is empty counts as
 * absent. All four services together default to SQLite, memory, a key file and their own pages; fewer need
 * to be told where the others' store, routes and bus are.
 * @throws ConfigInvalid with all faults
 */
export function readConfig(services: readonly ServiceName[], env: Environment): Config {
  const { input, faults } = readInput(env);
  if (input === undefined) throw new ConfigInvalid(faults);
  const config = configOf(input, services);
  const all = [
    ...faults,
    ...absentUrls(input, isWhole(services) ? [] : services),
    ...nestingFaults(config.delivery),
    ...drainFaults(config),
  ];
  if (all.length > 0) throw new ConfigInvalid(all);
  return config;
}

/** Which services use which port: the others neither need its address nor open it. */
export const portUsers = {
  store: ['auth', 'collect', 'push'],
  routes: ['dispatch', 'push'],
  bus: ['auth', 'collect', 'dispatch', 'push'],
} as const satisfies Record<string, readonly ServiceName[]>;

/** True when one of the services uses the port. */
export function isPortUsed(port: keyof typeof portUsers, services: readonly ServiceName[]): boolean {
  return services.some((service) => (portUsers[port] as readonly ServiceName[]).includes(service));
}

/** The process's environment; nobody else reads it. */
export function processEnvironment(): Environment {
  return process.env;
}

function configOf(input: ConfigInput, services: readonly ServiceName[]): Config {
  const dataDir = input.dataDir ?? 'data';
  const http = httpOf(input.http, services);
  const { collect, dispatch, delivery, shutdownMs } = input;
  return {
    node: input.node ?? nodeName(services),
    dataDir,
    store: storeOf(input.store, join(dataDir, 'carillon.sqlite')),
    routes: routesOf(input.routes),
    bus: busOf(input.bus),
    http,
    internal: { host: input.internal.host ?? '127.0.0.1', port: input.internal.port },
    auth: authOf(input.auth, isWhole(services) ? ownAuth(dataDir, http) : {}),
    collect,
    dispatch,
    push: { ...input.push, drainMs: input.push.drainMs ?? drainMsOf(input.routes, delivery.drainMs) },
    delivery,
    log: { level: input.log.level ?? (isWhole(services) ? 'warn' : 'info') },
    shutdownMs,
  };
}

/** With routes in memory there is no other node to move to: time for the last acks is enough. */
const aloneDrainMs = 500;

function drainMsOf(routes: ConfigInput['routes'], drainMs: number): number {
  return routesOf(routes).kind === 'memory' ? Math.min(aloneDrainMs, drainMs) : drainMs;
}

function isWhole(services: readonly ServiceName[]): boolean {
  return serviceNames.every((name) => services.includes(name));
}

function nodeName(services: readonly ServiceName[]): string {
  if (isWhole(services)) return 'standalone';
  const service = services.join('-');
  const host = hostname().replace(/[^A-Za-z0-9_-]/g, '-');
  return (host.startsWith(service) ? host : `${service}-${host}`).slice(0, 64);
}

function publicPort(services: readonly ServiceName[]): number {
  if (services.includes('push')) return 8_080;
  return services.includes('collect') ? 8_081 : 8_082;
}

function storeOf(input: ConfigInput['store'], defaultPath: string): StoreConfig {
  const kind = input.kind ?? (input.url === undefined ? 'sqlite' : 'mongo');
  if (kind === 'mongo') return { kind, url: input.url ?? '', database: input.database ?? 'carillon' };
  return kind === 'sqlite' ? { kind, path: input.path ?? defaultPath } : { kind };
}

function routesOf(input: ConfigInput['routes']): RoutesConfig {
  const kind = input.kind ?? (input.url === undefined ? 'memory' : 'redis');
  return kind === 'redis' ? { kind, url: input.url ?? '', prefix: input.prefix ?? 'carillon:' } : { kind };
}

function busOf(input: ConfigInput['bus']): BusConfig {
  const kind = input.kind ?? (input.url === undefined ? 'memory' : 'nats');
  return kind === 'nats' ? { kind, url: input.url ?? '' } : { kind };
}

function authOf(input: ConfigInput['auth'], standard: Partial<AuthConfig>): AuthConfig {
  return {
    ...standard,
    ...input,
    issuer: input.issuer ?? 'carillon',
    audience: input.audience ?? 'carillon',
    origins: input.origins ?? standard.origins ?? [],
  };
}

/** The key stays in a file, and pages that the process itself serves on this machine may connect to it. */
function ownAuth(dataDir: string, { port }: HttpConfig): Pick<AuthConfig, 'adminKeyFile' | 'origins'> {
  const origins = ['127.0.0.1', 'localhost', '[::1]'].map(
    (host) => `http://${host}${port === 80 ? '' : `:${port}`}`,
  );
  return { adminKeyFile: join(dataDir, 'admin-key'), origins };
}

function httpOf(input: ConfigInput['http'], services: readonly ServiceName[]): HttpConfig {
  return {
    host: input.host ?? '127.0.0.1',
    port: input.port ?? publicPort(services),
    trustedProxies: input.trustedProxies ?? [],
  };
}

const urls = {
  store: { env: 'MONGO_URL', kind: 'mongo', kindEnv: 'STORE_KIND' },
  routes: { env: 'REDIS_URL', kind: 'redis', kindEnv: 'ROUTES_KIND' },
  bus: { env: 'NATS_URL', kind: 'nats', kindEnv: 'BUS_KIND' },
} as const;

/**
 * A process of its own shares nothing with the others unless it is told where;
 * memory must then be asked for by name.
 */
function absentUrls(input: ConfigInput, services: readonly ServiceName[]): string[] {
  const ports = Object.keys(urls) as (keyof typeof urls)[];
  return ports
    .filter((port) => input[port].url === undefined)
    .filter((port) =>
      input[port].kind === undefined ? isPortUsed(port, services) : input[port].kind === urls[port].kind,
    )
    .map((port) => {
      const { env, kind, kindEnv } = urls[port];
      return `${env} is missing: give it, or another ${kindEnv} than ${kind}`;
    });
}

function drainFaults(config: Config): string[] {
  if (config.push.drainMs < config.shutdownMs) return [];
  const must = `must be less than CARILLON_SHUTDOWN_MS (${config.shutdownMs}), which waits for it`;
  return [`PUSH_DRAIN_MS (${config.push.drainMs}) ${must}`];
}
