// A page of a user, by hand: keeps what it got, acknowledges when it is told to, and can come back anywhere
// with the position that it has. Must not be cleverer than a client has to be.
import { WebSocket } from 'ws';
import type { ClusterNode } from './node.js';

interface Frame {
  readonly type: string;
  readonly seq?: number;
  readonly id?: string;
  readonly [field: string]: unknown;
}

const patienceMs = 15_000;

export class Tab {
  /** In the order of arrival, over all sockets, without what came again. */
  readonly ids: string[] = [];
  readonly seqs: number[] = [];
  /** How often something came that was here already. */
  againCount = 0;
  received = 0;
  settled: number | undefined;
  welcome: Frame | undefined;
  private readonly sockets = new Set<WebSocket>();
  /** What came over each socket, whether it was here already or not. */
  private readonly seqsBySocket = new Map<WebSocket, number[]>();
  /** Acks go to those that have welcomed us. */
  private readonly welcomed = new Set<WebSocket>();
  private wake: () => void = () => {};

  constructor(
    private readonly user: string,
    private readonly device: string,
    private readonly isAcking = true,
  ) {}

  /** Opens a socket to this node, beside those that are open; resolves with its welcome. */
  async connect(node: ClusterNode): Promise<WebSocket> {
    const headers = { authorization: `Bearer ${await node.token(this.user)}` };
    const socket = new WebSocket(node.socketUrl, ['carillon.v1'], { headers });
    this.sockets.add(socket);
    const welcomed = Promise.withResolvers<void>();
    socket.on('open', () => this.hello(socket));
    socket.on('error', () => {});
    socket.on('close', (code) => {
      this.sockets.delete(socket);
      this.welcomed.delete(socket);
      welcomed.reject(new Error(`closed with ${code}`));
    });
    socket.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as Frame;
      this.take(frame, socket);
      if (frame.type === 'welcome') welcomed.resolve();
      this.wake();
    });
    await welcomed.promise;
    return socket;
  }

  /** Cuts all sockets, as when the network goes. */
  drop(): void {
    for (const socket of this.sockets) socket.terminate();
  }

  /** Resolves when the tab has so many messages. */
  async until(count: number): Promise<void> {
    const timer = setTimeout(() => this.wake(), patienceMs);
    const end = Date.now() + patienceMs;
    while (this.ids.length < count) {
      if (Date.now() >= end)
        throw new Error(`${this.ids.length} of ${count} messages after ${patienceMs} ms`);
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    clearTimeout(timer);
  }

  /** In the order of arrival, with what came over another one before. */
  seqsOn(socket: WebSocket): readonly number[] {
    return this.seqsBySocket.get(socket) ?? [];
  }

  ackAll(): void {
    this.settled = this.received;
    const ack = JSON.stringify({ type: 'ack', log: 'user', seq: this.received });
    for (const socket of this.welcomed) if (socket.readyState === WebSocket.OPEN) socket.send(ack);
  }

  private hello(socket: WebSocket): void {
    const cursors = this.settled === undefined ? {} : { user: this.settled };
    const { device } = this;
    socket.send(JSON.stringify({ type: 'hello', device, instance: device, cursors, topics: [] }));
  }

  private take(frame: Frame, socket: WebSocket): void {
    if (frame.type === 'welcome') {
      this.welcome = frame;
      this.welcomed.add(socket);
      const { from } = (frame['logs'] as { user: { from: number } }).user;
      if (this.settled === undefined) {
        this.settled = from;
        this.received = from;
      }
    }
    if (frame.type === 'ping') socket.send(JSON.stringify({ type: 'pong' }));
    if (frame.type !== 'message' || frame.seq === undefined || frame.id === undefined) return;
    this.seqsBySocket.set(socket, [...this.seqsOn(socket), frame.seq]);
    if (frame.seq <= this.received) {
      this.againCount++;
      return;
    }
    this.received = frame.seq;
    this.seqs.push(frame.seq);
    this.ids.push(frame.id);
    if (this.isAcking) this.ackAll();
  }
}
