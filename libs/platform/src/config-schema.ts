/**
 * The one schema of the configuration: what may stand in the file,
 * and what each option is called in the environment.
 */
import { limits } from '@carillon/wire';
import { z } from 'zod';
import { deliverySchema } from './config-delivery.js';
import { choice, list, optionalNumber, text, wholeNumber } from './config-option.js';

/** The services; a process runs one of them or all. */
export const serviceNames = ['auth', 'collect', 'dispatch', 'push'] as const;
export type ServiceName = (typeof serviceNames)[number];

const host = { pattern: /^[A-Za-z0-9.:-]{1,253}$/, allowed: 'a host name or address' };
const port = { min: 0, max: 65_535 };
const origin = /^https?:\/\/(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::\d{1,5})?$/;
const claim = { pattern: /^[\x21-\x7e]{1,255}$/, allowed: 'a text of 1 to 255 characters without spaces' };
const apiKey = {
  pattern: /^[\x21-\x7e]{32,255}$/,
  allowed: 'a secret of 32 to 255 characters',
  isSecret: true,
};
const secret = {
  pattern: /^[^\0]{32,4096}$/s,
  allowed: 'a secret of at least 32 characters',
  isSecret: true,
};
const path = { allowed: 'a path' };
const second = 1_000;

const storeSchema = z.strictObject({
  kind: choice('STORE_KIND', ['mongo', 'sqlite', 'memory'], 'Which store; mongo when MONGO_URL is given.'),
  url: text(
    'MONGO_URL',
    {
      pattern: /^mongodb(\+srv)?:\/\/\S+$/,
      allowed: 'a URL mongodb://host:port/?replicaSet=name',
      isSecret: true,
    },
    'Where MongoDB is; a replica set.',
  ),
  database: text(
    'MONGO_DATABASE',
    { pattern: /^[A-Za-z0-9_-]{1,38}$/, allowed: '1 to 38 letters, digits, "_" or "-"' },
    'Name of the database in MongoDB; "carillon" unless given.',
  ),
  path: text(
    'STORE_PATH',
    path,
    'File of the SQLite store; carillon.sqlite in the data folder unless given.',
  ),
});

const routesSchema = z.strictObject({
  kind: choice('ROUTES_KIND', ['redis', 'memory'], 'Which route table; redis when REDIS_URL is given.'),
  url: text(
    'REDIS_URL',
    { pattern: /^rediss?:\/\/\S+$/, allowed: 'a URL redis://host:port', isSecret: true },
    'Where Redis is.',
  ),
  prefix: text(
    'REDIS_PREFIX',
    { pattern: /^[A-Za-z0-9:_-]{1,64}$/, allowed: '1 to 64 letters, digits, ":", "_" or "-"' },
    'Precedes every key in Redis; "carillon:" unless given.',
  ),
});

const busSchema = z.strictObject({
  kind: choice('BUS_KIND', ['nats', 'memory'], 'Which bus; nats when NATS_URL is given.'),
  url: text(
    'NATS_URL',
    { pattern: /^(nats|tls):\/\/\S+$/, allowed: 'a URL nats://host:port', isSecret: true },
    'Where NATS is.',
  ),
});

const httpSchema = z.strictObject({
  host: text('CARILLON_HTTP_HOST', host, 'Address on which the public port listens; 127.0.0.1 unless given.'),
  port: optionalNumber(
    'CARILLON_HTTP_PORT',
    port,
    'Public port; 8080 (push, standalone), 8081 (collect), 8082 (auth) unless given. 0: any free one.',
  ),
  trustedProxies: list(
    'CARILLON_TRUSTED_PROXIES',
    { pattern: /^[0-9A-Fa-f.:]+(\/\d{1,3})?$/, allowed: 'addresses or networks' },
    'Proxies whose X-Forwarded-For is believed; none unless given.',
  ),
});

const internalSchema = z.strictObject({
  host: text('CARILLON_INTERNAL_HOST', host, 'Address of the internal port; 127.0.0.1 unless given.'),
  port: wholeNumber(
    'CARILLON_INTERNAL_PORT',
    { ...port, default: 9_090 },
    'Port of /livez, /readyz, /startupz and /metrics; never public. 0: any free one.',
  ),
});

const authSchema = z.strictObject({
  issuer: text('AUTH_ISSUER', claim, 'Issuer (iss) of user tokens; "carillon" unless given.'),
  audience: text('AUTH_AUDIENCE', claim, 'Audience (aud) of user tokens; "carillon" unless given.'),
  tokenTtlMs: wholeNumber(
    'AUTH_TOKEN_TTL_MS',
    { min: second, max: limits.tokenTtlMaxMs, default: 10 * 60 * second },
    'How long a user token is valid when the request does not say.',
  ),
  pepper: text('AUTH_PEPPER', secret, 'Pepper of the hashes of API keys; the same for every Auth.'),
  keySecret: text('AUTH_KEY_SECRET', secret, 'Encrypts the private signing key in the store.'),
  adminKey: text('AUTH_ADMIN_KEY', apiKey, 'The admin key of the first start; made at random unless given.'),
  adminKeyFile: text(
    'AUTH_ADMIN_KEY_PATH',
    path,
    'File for the admin key of the first start; printed once unless given (standalone: in the data folder).',
  ),
  origins: list(
    'AUTH_ORIGINS',
    { pattern: origin, allowed: 'origins as browsers send them, https://app.example' },
    'Origins whose pages may connect, of the tenant "default"; standalone: its own unless given.',
  ),
});

const collectSchema = z.strictObject({
  recipientsMax: wholeNumber(
    'COLLECT_RECIPIENTS_MAX',
    { min: 1, max: limits.recipientsMax, default: limits.recipientsMax },
    'Named addressees of one message at most.',
  ),
  batchMax: wholeNumber(
    'COLLECT_BATCH_MAX',
    { min: 1, max: limits.batchMax, default: limits.batchMax },
    'Messages of one batch request at most.',
  ),
});

const dispatchSchema = z.strictObject({
  batchesMax: wholeNumber(
    'DISPATCH_BATCHES_MAX',
    { min: 1, max: 10_000, default: 64 },
    'Batches of all Collects under way at once; above it a batch is answered as refused.',
  ),
});

const pushSchema = z.strictObject({
  admission: z.strictObject({
    perSecond: wholeNumber(
      'PUSH_ADMISSION_PER_SECOND',
      { min: 1, max: 100_000, default: 1_000 },
      'New sockets per second; above it the upgrade is answered 503 + Retry-After.',
    ),
    burst: wholeNumber(
      'PUSH_ADMISSION_BURST',
      { min: 1, max: 100_000, default: 2_000 },
      'New sockets that may come at once.',
    ),
  }),
  connectionsMax: wholeNumber(
    'PUSH_CONNECTIONS_MAX',
    { min: 1, max: 1_000_000, default: 50_000 },
    'Sockets of this node at most.',
  ),
  socketsPerAddressMax: wholeNumber(
    'PUSH_SOCKETS_PER_ADDRESS_MAX',
    { min: 1, max: 1_000_000, default: 1_000 },
    'Sockets of one client address at most; behind a proxy name it in CARILLON_TRUSTED_PROXIES.',
  ),
  drainMs: optionalNumber(
    'PUSH_DRAIN_MS',
    { min: 0, max: 600 * second },
    'Clients are asked to move within this time at a shutdown; DELIVERY_DRAIN_MS unless given (alone: 500).',
  ),
});

const logSchema = z.strictObject({
  level: choice(
    'LOG_LEVEL',
    ['trace', 'debug', 'info', 'warn', 'error', 'silent'],
    'From which level on is logged; info unless given (standalone: warn).',
  ),
});

/**
 * Everything, nested as in the file.
 * Slices of services that a process does not run are checked all the same.
 */
export const configSchema = z.strictObject({
  node: text(
    'CARILLON_NODE',
    { pattern: /^[A-Za-z0-9_-]{1,64}$/, allowed: '1 to 64 letters, digits, "_" or "-"' },
    'Name of this process in logs and in the ledger; made of the service and the host unless given.',
  ),
  dataDir: text(
    'CARILLON_DATA_DIR',
    path,
    'Folder of the embedded store and of key files; "data" unless given.',
  ),
  store: storeSchema,
  routes: routesSchema,
  bus: busSchema,
  http: httpSchema,
  internal: internalSchema,
  auth: authSchema,
  collect: collectSchema,
  dispatch: dispatchSchema,
  push: pushSchema,
  delivery: deliverySchema,
  log: logSchema,
  shutdownMs: wholeNumber(
    'CARILLON_SHUTDOWN_MS',
    { min: second, max: 3_600 * second, default: 40 * second },
    'A shutdown that takes longer ends with exit code 1.',
  ),
});

export type ConfigInput = z.infer<typeof configSchema>;
export type LogLevel = NonNullable<ConfigInput['log']['level']>;
