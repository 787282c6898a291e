// A whole Carillon on this machine: MongoDB, Redis and NATS as real servers, auth and any number of collects,
// dispatches and push nodes as processes of their own.
// For development and for tests that break things; must leave nothing running.
import { randomBytes } from 'node:crypto';
import { type MongoRoom, type MongoServer, startMongo } from '../services/mongo.ts';
import { startNats } from '../services/nats.ts';
import { freePort, isAnswering } from '../services/port.ts';
import { startRedis } from '../services/redis.ts';
import type { SingleServer } from '../services/single.ts';
import { together } from '../services/together.ts';
import { App } from './app.ts';

export interface ClusterOptions {
  readonly pushNodes: number;
  /** One, called `collect`, unless given; several are `collect-1` … */
  readonly collects?: number;
  /** As `collects`. */
  readonly dispatches?: number;
  /** Of the replica set. */
  readonly members: 1 | 3;
  /** Of each of them; little, unless given. */
  readonly room?: MongoRoom;
  /** Laid over the environment of every process, as `DELIVERY_ANTI_ENTROPY_MS`. */
  readonly env?: Readonly<Record<string, string>>;
  /** Gets every line that a process writes. */
  readonly onLine?: (name: string, line: string) => void;
}

/** Redis can be emptied besides. */
export interface FlushableServer extends SingleServer {
  /** FLUSHALL. @throws when it was not confirmed */
  flush(): Promise<void>;
}

/** The servers, each with its faults: `kill()`, `restart()`, `pause()`, `resume()`. */
export interface ClusterServices {
  readonly mongo: MongoServer;
  readonly redis: FlushableServer;
  readonly nats: SingleServer;
}

export interface Cluster {
  /** Of the first one. */
  readonly collectUrl: string;
  readonly collectUrls: readonly string[];
  readonly authUrl: string;
  readonly pushUrls: readonly string[];
  /** Those of the processes that hold sockets. */
  readonly pushNodes: readonly App[];
  readonly adminKey: string;
  /** auth, collect (-1 …), dispatch (-1 …), push-1, push-2 … */
  readonly processes: readonly App[];
  readonly services: ClusterServices;
  /** Drains the processes, then ends the servers. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Everything is ready when this resolves.
 * @throws with the last words of what did not start; nothing is left then
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const services = await startClusterServices(options);
  const adminKey = `ck_cluster_${randomBytes(39).toString('base64url')}`;
  const apps = await makeApps(options, services, adminKey);
  const stop = async () => {
    await Promise.all(apps.map((app) => app.stop()));
    await stopServices(services);
  };
  try {
    // Push asks Auth for its policy, Collect asks it for keys: it comes first.
    const [first, ...others] = apps;
    await first?.restart();
    await Promise.all(others.map((app) => app.restart()));
  } catch (error) {
    await stop();
    throw error;
  }
  const named = (kind: string) => apps.filter(({ name }) => name.replace(/-\d+$/, '') === kind);
  const collectUrls = named('collect').map(({ url }) => url);
  const nodes = named('push');
  return {
    authUrl: apps[0]?.url ?? '',
    collectUrl: collectUrls[0] ?? '',
    collectUrls,
    pushUrls: nodes.map(({ url }) => url),
    pushNodes: nodes,
    adminKey,
    processes: apps,
    services,
    stop,
  };
}

async function startClusterServices({ members, room }: ClusterOptions): Promise<ClusterServices> {
  const mongoOptions = { members, ...(room ? { room } : {}) };
  const [mongo, redis, nats] = await together([startMongo(mongoOptions), startRedis(), startNats()]);
  return { mongo, redis: flushable(redis), nats };
}

async function stopServices({ mongo, redis, nats }: ClusterServices): Promise<void> {
  await Promise.all([mongo.stop(), redis.stop(), nats.stop()]);
}

function flushable(server: SingleServer): FlushableServer {
  const flush = async () => {
    const isDone = await isAnswering({ port: server.port, send: 'FLUSHALL\r\n', expect: '+OK' });
    if (!isDone) throw new Error('Redis has not confirmed FLUSHALL');
  };
  return Object.assign(server, { flush });
}

async function makeApps(
  options: ClusterOptions,
  services: ClusterServices,
  adminKey: string,
): Promise<App[]> {
  const { pushNodes, collects, dispatches, env = {}, onLine = () => {} } = options;
  const shared = {
    MONGO_URL: services.mongo.url,
    REDIS_URL: services.redis.url,
    NATS_URL: services.nats.url,
    CARILLON_HTTP_HOST: '127.0.0.1',
    // Whoever ends a cluster does not want to wait for clients that nobody watches.
    PUSH_DRAIN_MS: '2000',
    // All clients are on this machine.
    PUSH_SOCKETS_PER_ADDRESS_MAX: '100000',
    ...env,
  };
  const names = [
    'auth',
    ...(collects === undefined ? ['collect'] : numbered('collect', collects)),
    ...(dispatches === undefined ? ['dispatch'] : numbered('dispatch', dispatches)),
    ...numbered('push', pushNodes),
  ];
  const ports = await freePorts(names.length * 2);
  return names.map((name, at) => {
    const [port = 0, internalPort = 0] = ports.slice(at * 2);
    return new App({
      name,
      app: name.replace(/-\d+$/, ''),
      url: `http://127.0.0.1:${port}`,
      internalUrl: `http://127.0.0.1:${internalPort}`,
      onLine,
      env: {
        ...shared,
        ...(name === 'auth' ? { AUTH_ADMIN_KEY: adminKey } : {}),
        CARILLON_NODE: name,
        CARILLON_HTTP_PORT: String(port),
        CARILLON_INTERNAL_PORT: String(internalPort),
      },
    });
  });
}

function numbered(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, at) => `${name}-${at + 1}`);
}

/** No port twice: nobody listens on the first when the second is asked for. */
async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}
