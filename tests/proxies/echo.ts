// Stands where a service is, answers with what reached it, and takes any upgrade. Must know nothing of
// Carillon: with it the proxy alone is judged.
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Address, Services } from './proxy-config.ts';

/** What an echo says of a request. */
export interface Heard {
  readonly service: string;
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
}

export class Echo {
  /** Everything is answered with it, and upgrades are refused, unless it is 200. */
  status = 200;
  /** Requests, refused upgrades included. */
  count = 0;
  /** The sockets that it took, in order. */
  readonly sockets: WebSocket[] = [];
  readonly address: Address;
  readonly #server: Server;
  readonly #connections = new Set<Socket>();

  private constructor(service: string, server: Server) {
    this.#server = server;
    const { port } = server.address() as AddressInfo;
    this.address = { port, internalPort: port };
    server.on('connection', (socket) => {
      this.#connections.add(socket);
      socket.once('close', () => this.#connections.delete(socket));
    });
    server.on('request', ({ url: target, headers }, response) => {
      if (target === '/readyz') return response.end();
      this.count += 1;
      const body = JSON.stringify({ service, target, headers });
      const length = Buffer.byteLength(body);
      return response
        .writeHead(this.status, { 'content-length': length, 'cache-control': 'max-age=60' })
        .end(body);
    });
    const upgrades = new WebSocketServer({ noServer: true, handleProtocols: () => 'carillon.v1' });
    server.on('upgrade', (request, socket, head) => {
      this.count += 1;
      socket.on('error', () => {}); // The proxy leaves as it likes.
      if (this.status !== 200) {
        const lines = [`HTTP/1.1 ${this.status} No`, 'Retry-After: 3', 'Content-Length: 0', '', ''];
        socket.end(lines.join('\r\n'));
        return;
      }
      upgrades.handleUpgrade(request, socket, head, (accepted) => {
        this.sockets.push(accepted);
        const heard: Heard = { service, target: request.url ?? '', headers: request.headers };
        accepted.send(JSON.stringify(heard));
      });
    });
  }

  static async start(service: string): Promise<Echo> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Echo(service, server);
  }

  async stop(): Promise<void> {
    this.#server.close();
    for (const socket of this.#connections) socket.destroy();
    await once(this.#server, 'close');
  }
}

/** One in each place, two where the push nodes are. */
export interface Echoes {
  readonly push: readonly [Echo, Echo];
  readonly all: readonly Echo[];
  readonly services: Services;
}

export async function startEchoes(): Promise<Echoes> {
  const names = ['push-1', 'push-2', 'auth', 'collect'];
  const all = await Promise.all(names.map((name) => Echo.start(name)));
  const [one, other, auth, collect] = all as [Echo, Echo, Echo, Echo];
  const services = { push: [one.address, other.address], auth: auth.address, collect: collect.address };
  return { push: [one, other], all, services };
}
