/** /livez, /readyz, /startupz and /metrics on a port of their own, which must never be public. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Health } from './health.js';
import type { Metrics } from './metrics.js';

export interface InternalServerParts {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly health: Health;
  readonly metrics: Metrics;
}

export interface InternalServer {
  readonly url: string;
  close(): Promise<void>;
}

interface Reply {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** Listens. @throws the system's error when the port cannot be had. */
export async function startInternalServer(parts: InternalServerParts): Promise<InternalServer> {
  const limits = { maxHeaderSize: 16_384, headersTimeout: 5_000, requestTimeout: 10_000 };
  const server = createServer(limits, (request, response) => void answer(request, response, parts));
  server.listen(parts.port, parts.host);
  await once(server, 'listening');
  return { url: urlOf(server, parts.host), close: () => closeServer(server) };
}

/** `http://host:port` of a listening server; an address that means "all" is shown as loopback. */
export function urlOf(server: Pick<Server, 'address'>, host: string): string {
  const { port } = server.address() as AddressInfo;
  const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${shown.includes(':') ? `[${shown}]` : shown}:${port}`;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  parts: InternalServerParts,
): Promise<void> {
  request.resume();
  const { status, type, text } = await replyTo(request, parts);
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(text);
}

async function replyTo(request: IncomingMessage, { health, metrics }: InternalServerParts): Promise<Reply> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return plain(405, 'GET only');
  switch (request.url) {
    case '/livez':
      return plain(200, 'ok');
    case '/startupz':
      return health.isStarted ? plain(200, 'ok') : plain(503, 'starting');
    case '/readyz': {
      const readiness = await health.readiness();
      return {
        status: readiness.ready ? 200 : 503,
        type: 'application/json',
        text: JSON.stringify(readiness),
      };
    }
    case '/metrics':
      return { status: 200, type: metrics.contentType, text: await metrics.text() };
    default:
      return plain(404, 'There are /livez, /readyz, /startupz and /metrics');
  }
}

function plain(status: number, text: string): Reply {
  return { status, type: 'text/plain; charset=utf-8', text: `${text}\n` };
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
