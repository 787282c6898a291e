// A TCP proxy on the loopback that can be broken: cut, frozen in one direction or both (half-open), slowed.
// Must never look at what it carries.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** `up`: from the client to the server. */
export type Direction = 'up' | 'down';

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  isVanished: boolean;
}

export class Cable {
  /** Added to every piece on its way. */
  delayMs = 0;
  readonly port: number;
  private readonly listener: Server;
  private readonly targetPort: number;
  private readonly pairs = new Set<Pair>();
  private readonly frozen = new Set<Direction>();
  private isCut = false;

  private constructor(listener: Server, targetPort: number) {
    this.listener = listener;
    this.targetPort = targetPort;
    this.port = (listener.address() as AddressInfo).port;
    listener.on('connection', (client) => this.join(client));
  }

  /** To a port of the loopback, which need not be served yet. */
  static async to(targetPort: number): Promise<Cable> {
    const listener = createServer({ noDelay: true });
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    return new Cable(listener, targetPort);
  }

  /** Connections that the server has not seen the end of. */
  get openAtServer(): number {
    return [...this.pairs].filter(({ server }) => !server.destroyed).length;
  }

  /** Of them, those whose client has vanished. */
  get vanishedAtServer(): number {
    return [...this.pairs].filter(({ server, isVanished }) => isVanished && !server.destroyed).length;
  }

  /** Ends all connections, and every new one at once, until mended. */
  cut(): void {
    this.isCut = true;
    for (const { client, server } of this.pairs) {
      client.destroy();
      server.destroy();
    }
  }

  /** Connections stay and nothing travels in these directions, not even an end, until mended. */
  freeze(...directions: readonly Direction[]): void {
    for (const direction of directions) this.frozen.add(direction);
    for (const pair of this.pairs) this.hold(pair);
  }

  /** The clients of now are gone without the server hearing of it; new ones are carried. */
  vanish(): void {
    for (const pair of this.pairs) {
      pair.isVanished = true;
      pair.client.destroy();
    }
  }

  /** Everything travels again; what waited arrives first. */
  mend(): void {
    this.isCut = false;
    this.frozen.clear();
    for (const { client, server, isVanished } of this.pairs) {
      if (isVanished) continue;
      client.resume();
      server.resume();
      if (client.destroyed) server.destroy();
      if (server.destroyed) client.destroy();
    }
  }

  async close(): Promise<void> {
    this.cut();
    this.listener.close();
    await once(this.listener, 'close');
  }

  private join(client: Socket): void {
    if (this.isCut) {
      client.destroy();
      return;
    }
    const server = connect({ port: this.targetPort, host: '127.0.0.1', noDelay: true });
    const pair = { client, server, isVanished: false };
    this.pairs.add(pair);
    this.carry(pair, 'up');
    this.carry(pair, 'down');
    this.hold(pair);
  }

  private carry(pair: Pair, direction: Direction): void {
    const [from, to] = direction === 'up' ? [pair.client, pair.server] : [pair.server, pair.client];
    from.on('data', (piece) => void this.forward(piece, from, to));
    from.on('error', () => {}); // the close that follows is carried on
    from.on('close', () => {
      if (!this.frozen.has(direction) && !pair.isVanished) to.destroy();
      if (pair.client.destroyed && pair.server.destroyed) this.pairs.delete(pair);
    });
  }

  private async forward(piece: Buffer, from: Socket, to: Socket): Promise<void> {
    if (this.delayMs > 0) await sleep(this.delayMs);
    if (to.destroyed || to.write(piece)) return;
    from.pause();
    to.once('drain', () => {
      const direction = this.directionOf(from);
      if (direction === undefined || !this.frozen.has(direction)) from.resume();
    });
  }

  private directionOf(from: Socket): Direction | undefined {
    for (const { client, server } of this.pairs) {
      if (client === from) return 'up';
      if (server === from) return 'down';
    }
    return undefined;
  }

  private hold({ client, server }: Pair): void {
    if (this.frozen.has('up')) client.pause();
    if (this.frozen.has('down')) server.pause();
  }
}
