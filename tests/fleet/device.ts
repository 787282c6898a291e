// One device of the fleet: speaks the protocol by hand, without our SDK. Everything it gets is in its log
// before it is acknowledged. Must never hide what the server did wrong: it writes it down.
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { FleetLog } from './fleet-log.ts';

export interface DevicePlan {
  readonly user: string;
  readonly device: string;
  readonly pushUrls: readonly string[];
  token(user: string): Promise<string>;
  random(): number;
  readonly log: FleetLog;
}

interface Frame {
  readonly type: string;
  readonly [field: string]: unknown;
}

const reconnectMinMs = 100;
const reconnectMaxMs = 3_000;
const openTimeoutMs = 5_000;
/** Of heartbeats without a byte, before the client takes its socket for dead. */
const silenceMax = 1.5;

export class Device {
  isOpen = false;
  isHolding = false;
  node = '';
  gotCount = 0;
  private socket: WebSocket | undefined;
  private epoch: string | undefined;
  /** Written down; only the next one is taken. */
  private received = -1;
  /** Acknowledged. */
  private settled = -1;
  private isStopped = false;
  private attempt = 0;
  private heardAt = 0;
  private heartbeatMs = Number.POSITIVE_INFINITY;
  private first = 0;

  private readonly plan: DevicePlan;

  constructor(plan: DevicePlan) {
    this.plan = plan;
    this.first = Math.floor(plan.random() * plan.pushUrls.length);
  }

  /** What is written down but not acknowledged. */
  get unsettled(): number {
    return this.received - this.settled;
  }

  /** Connects, and again whenever the socket is gone, until stopped. */
  async run(): Promise<void> {
    while (!this.isStopped) {
      const code = await this.connectOnce();
      this.isOpen = false;
      if (this.isStopped) return;
      this.note({ kind: 'closed', code });
      const ceiling = Math.min(reconnectMaxMs, reconnectMinMs * 2 ** this.attempt++);
      await sleep(this.plan.random() * ceiling);
    }
  }

  stop(): void {
    this.isStopped = true;
    this.socket?.close(1000);
  }

  /** Sends the ack for what is in the log, which must have been flushed; leaves a socket that is silent. */
  ack(): void {
    if (this.isOpen && Date.now() - this.heardAt > this.heartbeatMs * silenceMax) {
      this.note({ kind: 'silent' });
      this.isOpen = false;
      this.socket?.terminate();
    }
    if (this.isHolding || this.settled >= this.received || !this.isOpen) return;
    this.settled = this.received;
    this.send({ type: 'ack', log: 'user', seq: this.settled });
  }

  /** Resolves with the close code when the socket is gone. */
  private async connectOnce(): Promise<number> {
    const { pushUrls, user } = this.plan;
    // After a failure the next node: what a balancer would do that has seen this one fail.
    const url = pushUrls[(this.first + this.attempt) % pushUrls.length] as string;
    let token: string;
    try {
      token = await this.plan.token(user);
    } catch {
      return -1; // Auth cannot be reached now
    }
    const socket = new WebSocket(url, ['carillon.v1'], {
      headers: { authorization: `Bearer ${token}` },
      handshakeTimeout: openTimeoutMs,
    });
    this.socket = socket;
    socket.on('open', () => this.hello());
    socket.on('message', (data: Buffer) => this.take(JSON.parse(data.toString()) as Frame));
    socket.on('error', () => {}); // the close that follows tells
    return new Promise((resolve) => {
      socket.on('close', resolve);
    });
  }

  private hello(): void {
    const { user, device } = this.plan;
    const cursors = this.settled < 0 ? {} : { user: this.settled };
    const epoch = this.epoch === undefined ? {} : { epoch: this.epoch, user };
    this.send({ type: 'hello', device, instance: device, cursors, topics: [], ...epoch });
  }

  private take(frame: Frame): void {
    this.heardAt = Date.now();
    switch (frame.type) {
      case 'welcome':
        this.welcome(frame);
        break;
      case 'message':
        this.message(frame);
        break;
      case 'skip':
        this.note({ kind: 'skip', from: frame['from'], to: frame['to'], reason: frame['reason'] });
        this.received = Math.max(this.received, frame['to'] as number);
        break;
      case 'ping':
        this.send({ type: 'pong' });
        break;
      case 'drain':
        this.socket?.close(1000);
        break;
      default:
        this.note({ kind: 'frame', type: frame.type });
    }
  }

  private welcome(frame: Frame): void {
    const start = (frame['logs'] as Record<string, { from: number; resumed: boolean }>)['user'];
    if (!start) throw new Error('welcome without the user log');
    this.epoch = frame['epoch'] as string;
    this.node = frame['node'] as string;
    this.isOpen = true;
    this.first += this.attempt;
    this.attempt = 0;
    this.heartbeatMs = frame['heartbeatMs'] as number;
    this.note({ kind: 'welcome', from: start.from, resumed: start.resumed, node: this.node });
    if (this.settled < 0 || !start.resumed) {
      this.settled = start.from;
      this.received = start.from;
    }
  }

  private message(frame: Frame): void {
    const seq = frame['seq'] as number;
    const isNext = seq === this.received + 1;
    const kind = isNext
      ? 'got'
      : seq > this.received
        ? 'jump'
        : seq <= this.settled
          ? 'again-after-ack'
          : 'again';
    this.note({ kind, seq, id: frame['id'], sentAt: frame['sentAt'], replay: frame['replay'] === true });
    if (isNext) {
      this.received = seq;
      this.gotCount++;
    }
    if (kind === 'jump') this.socket?.close(4204);
  }

  private note(line: Record<string, unknown>): void {
    this.plan.log.write({ user: this.plan.user, device: this.plan.device, at: Date.now(), ...line });
  }

  private send(frame: Frame): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }
}
