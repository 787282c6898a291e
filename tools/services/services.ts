// MongoDB, Redis and NATS together: those whose address is in the environment are used as they are and left
// alone, the others are started. Must fail rather than go on without one of them.
import { MongoClient } from 'mongodb';
import { startMongo } from './mongo.ts';
import { startNats } from './nats.ts';
import { isAnswering } from './port.ts';
import { startRedis } from './redis.ts';
import { together } from './together.ts';

const reachTimeoutMs = 5_000;

export interface Services {
  readonly mongoUrl: string;
  readonly redisUrl: string;
  readonly natsUrl: string;
  /** Ends what was started here. Idempotent. */
  stop(): Promise<void>;
}

interface Stoppable {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * All three answer when this resolves.
 * @throws a sentence per server that cannot be had; nothing is left running
 */
export async function startServices(): Promise<Services> {
  const servers = await together<[Stoppable, Stoppable, Stoppable]>([
    given('MONGO_URL', isMongoAnswering) ?? startMongo({ members: 1 }),
    given('REDIS_URL', (url) => isHostAnswering(url, 6379)) ?? startRedis(),
    given('NATS_URL', (url) => isHostAnswering(url, 4222)) ?? startNats(),
  ]);
  const [mongo, redis, nats] = servers;
  const stop = async () => {
    await Promise.all(servers.map((server) => server.stop()));
  };
  return { mongoUrl: mongo.url, redisUrl: redis.url, natsUrl: nats.url, stop };
}

/** The server somebody else runs, if the environment names one. */
function given(
  variable: string,
  isReachable: (url: string) => Promise<boolean>,
): Promise<Stoppable> | undefined {
  const url = process.env[variable];
  if (!url) return undefined;
  return isReachable(url).then((isReached) => {
    if (isReached) return { url, stop: async () => {} };
    throw new Error(
      `Nothing answers at the address in ${variable}: correct it, or unset it to have one started.`,
    );
  });
}

async function isHostAnswering(url: string, defaultPort: number): Promise<boolean> {
  const { hostname, port } = new URL(url.includes('://') ? url : `tcp://${url}`);
  return isAnswering({ host: hostname, port: Number(port) || defaultPort, timeoutMs: reachTimeoutMs });
}

async function isMongoAnswering(url: string): Promise<boolean> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: reachTimeoutMs });
  try {
    await client.db('admin').command({ ping: 1 });
    return true;
  } catch {
    return false; // The caller says which variable is wrong; the driver's words may hold the password.
  } finally {
    await client.close();
  }
}
