// A whole node in this process: all four services over real MongoDB, Redis and NATS, on ports of its own.
// Several of them are a cluster; they share nothing but the servers.
import { AuthModule } from '@carillon/auth';
import { CollectModule } from '@carillon/collect';
import { DispatchModule } from '@carillon/dispatch';
import { type Environment, serviceNames } from '@carillon/platform';
import { PushModule, PushWsAdapter } from '@carillon/push';
import { type OpenedPorts, type RunningService, startService } from '@carillon/wiring';
import type { Gate } from './paused.js';

/** The servers that nodes share, and a name that keeps one cluster apart from another on them. */
export interface Servers {
  readonly mongoUrl: string;
  readonly redisUrl: string;
  readonly natsUrl: string;
  readonly name: string;
}

/** What is not as usual about a node. */
export interface NodeOptions {
  /** Stands between its services and their ports. */
  readonly gate?: Gate;
  /** Opened by the spec, which closes them. */
  readonly ports?: Partial<OpenedPorts>;
  readonly env?: Environment;
}

export interface ClusterNode {
  readonly name: string;
  /** Base of the REST addresses. */
  readonly url: string;
  readonly socketUrl: string;
  post(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  get(path: string): Promise<Answer>;
  put(path: string): Promise<Answer>;
  remove(path: string): Promise<Answer>;
  /** `topics`: patterns that the token allows. */
  token(user: string, topics?: readonly string[]): Promise<string>;
  stop(): Promise<void>;
}

/** What the answers that specs look into have, each its own part of it. */
interface AnswerBody {
  readonly id: string;
  readonly code: string;
  readonly status: string;
  readonly token: string;
  readonly results: readonly { readonly id: string }[];
  readonly summary: string;
}

export interface Answer {
  readonly status: number;
  readonly replayed: boolean;
  readonly body: AnswerBody;
}

/** The same for all nodes: the first that starts stores it. */
const adminKey = `ck_admin_${'k'.repeat(43)}`;

/** Ready when it resolves: it has its policy and its lease. */
export async function startNode(
  servers: Servers,
  name: string,
  { gate, ports = {}, env = {} }: NodeOptions = {},
): Promise<ClusterNode> {
  const running = await startService({
    services: serviceNames,
    env: {
      CARILLON_NODE: name,
      CARILLON_HTTP_PORT: '0',
      CARILLON_INTERNAL_PORT: '0',
      MONGO_URL: servers.mongoUrl,
      MONGO_DATABASE: servers.name,
      REDIS_URL: servers.redisUrl,
      REDIS_PREFIX: `${servers.name}:`,
      NATS_URL: servers.natsUrl,
      AUTH_ADMIN_KEY: adminKey,
      LOG_LEVEL: 'error',
      PUSH_DRAIN_MS: '500',
      ...env,
    },
    ports,
    modules: (opened) => {
      const context = gate?.around(opened) ?? opened;
      return [AuthModule, CollectModule, DispatchModule, PushModule].map((each) => each.with(context));
    },
    webSockets: (_context, app) => new PushWsAdapter(app),
  });
  return nodeOf(running, name);
}

/** What goes into one request besides the key. */
interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

function nodeOf(running: RunningService, name: string): ClusterNode {
  const { url } = running;
  const ask = async (path: string, init: Asked): Promise<Answer> => {
    const headers = {
      ...init.headers,
      authorization: `Bearer ${adminKey}`,
      'content-type': 'application/json',
    };
    const response = await fetch(url + path, { ...init, headers });
    const replayed = response.headers.get('idempotency-replayed') === 'true';
    const text = await response.text();
    return { status: response.status, replayed, body: JSON.parse(text || '{}') as AnswerBody };
  };
  return {
    name,
    url,
    socketUrl: `${url.replace('http', 'ws')}/v1/connect`,
    post: (path, body, headers = {}) => ask(path, { method: 'POST', headers, body: JSON.stringify(body) }),
    get: (path) => ask(path, {}),
    put: (path) => ask(path, { method: 'PUT', body: '{}' }),
    remove: (path) => ask(path, { method: 'DELETE', body: '{}' }),
    token: async (user, topics) => {
      const answer = await ask('/v1/tokens', { method: 'POST', body: JSON.stringify({ user, topics }) });
      return answer.body.token;
    },
    stop: () => running.stop(),
  };
}
