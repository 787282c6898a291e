// One device of the fleet: speaks the protocol by hand, without our SDK. Everything it gets is in its log
// before it is acknowledged. Must never hide what the server did wrong: it writes it down.
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { FleetLog } from './fleet-log.ts';
import { Place } from './place.ts';

export interface DevicePlan {
  readonly user: string;
  readonly device: string;
  readonly pushUrls: readonly string[];
  /** Asked for in every hello. */
  readonly topics: readonly string[];
  /** Brings a newer token to a live socket; else it waits until it is sent away for it. */
  readonly isRefreshing: boolean;
  token(user: string): Promise<string>;
  random(): number;
  readonly log: FleetLog;
}

interface Frame {
  readonly type: string;
  readonly [field: string]: unknown;
}

interface Start {
  readonly from: number;
  readonly resumed: boolean;
}

const reconnectMinMs = 100;
const reconnectMaxMs = 3_000;
const openTimeoutMs = 5_000;
const awayPollMs = 50;
/** Of heartbeats without a byte, before the client takes its socket for dead. */
const silenceMax = 1.5;
/** Before the token's end. */
const refreshMs = 8_000;
const refreshAgainMs = 3_000;

export class Device {
  isOpen = false;
  isHolding = false;
  /** Does not connect as long as it is. */
  isAway = false;
  node = '';
  gotCount = 0;
  private readonly plan: DevicePlan;
  private readonly places = new Map<string, Place>();
  private socket: WebSocket | undefined;
  private epoch: string | undefined;
  private isStopped = false;
  private attempt = 0;
  private heardAt = 0;
  private heartbeatMs = Number.POSITIVE_INFINITY;
  private tokenExpiresAt = Number.POSITIVE_INFINITY;
  private refreshedAt = 0;
  private readonly home: number;
  private first: number;

  constructor(plan: DevicePlan) {
    this.plan = plan;
    this.home = Math.floor(plan.random() * plan.pushUrls.length);
    this.first = this.home;
  }

  /** What is written down but not acknowledged. */
  get unsettled(): number {
    let sum = 0;
    for (const place of this.places.values()) sum += place.unsettled;
    return sum;
  }

  /** Connects, and again whenever the socket is gone, until stopped. */
  async run(): Promise<void> {
    while (!this.isStopped) {
      while (this.isAway) await sleep(awayPollMs);
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

  /** Closes its socket, and opens none until it is told to come back. */
  leave(): void {
    this.isAway = true;
    this.socket?.close(1000);
  }

  /** Connects again, to the node it began with, unless it is there. */
  goHome(): void {
    if (!this.isOpen || this.first % this.plan.pushUrls.length === this.home) return;
    this.first = this.home;
    this.attempt = -1; // counted up before the next one
    this.socket?.close(1000);
  }

  /**
   * Called many times a second. Sends the acks for what is in the log, which must have been flushed; leaves a
   * socket that is silent.
   */
  tend(): void {
    if (this.isOpen && Date.now() - this.heardAt > this.heartbeatMs * silenceMax) {
      this.note({ kind: 'silent' });
      this.isOpen = false;
      this.socket?.terminate();
    }
    if (!this.isOpen) return;
    if (this.plan.isRefreshing) this.refresh();
    if (this.isHolding) return;
    for (const [log, place] of this.places) {
      const seq = place.settle();
      if (seq !== undefined) this.send({ type: 'ack', log, seq });
    }
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
    const { user, device, topics } = this.plan;
    const cursors: Record<string, number> = {};
    for (const [log, place] of this.places) {
      const cursor = place.claim();
      if (cursor !== undefined) cursors[log] = cursor;
    }
    const epoch = this.epoch === undefined ? {} : { epoch: this.epoch, user };
    this.send({ type: 'hello', device, instance: device, cursors, topics, ...epoch });
  }

  private take(frame: Frame): void {
    this.heardAt = Date.now();
    switch (frame.type) {
      case 'welcome':
        this.welcome(frame);
        break;
      case 'subscribed':
        this.begin(frame['log'] as string, frame as unknown as Start);
        break;
      case 'unsubscribed':
        this.places.delete(frame['log'] as string);
        break;
      case 'message':
        this.message(frame);
        break;
      case 'skip':
        this.skip(frame);
        break;
      case 'ping':
        this.send({ type: 'pong' });
        break;
      case 'drain':
        this.socket?.close(1000);
        break;
      case 'token-accepted':
        this.tokenExpiresAt = frame['expiresAt'] as number;
        this.note({ kind: 'token', expiresAt: this.tokenExpiresAt });
        break;
      default:
        this.note({ kind: 'frame', type: frame.type });
    }
  }

  private welcome(frame: Frame): void {
    const { user, ...others } = frame['logs'] as Record<string, Start>;
    if (!user) throw new Error('welcome without the user log');
    this.epoch = frame['epoch'] as string;
    this.node = frame['node'] as string;
    this.isOpen = true;
    this.first += this.attempt;
    this.attempt = 0;
    this.heartbeatMs = frame['heartbeatMs'] as number;
    this.tokenExpiresAt = frame['tokenExpiresAt'] as number;
    const { from, resumed } = user;
    const more = { node: this.node, epoch: this.epoch, expiresAt: this.tokenExpiresAt };
    this.note({ kind: 'welcome', from, resumed, ...more });
    this.placeOf('user').start(from, resumed);
    for (const [log, start] of Object.entries(others)) this.begin(log, start);
  }

  /** Another log than the user's. */
  private begin(log: string, { from, resumed }: Start): void {
    this.note({ kind: 'start', ...named(log), from, resumed });
    this.placeOf(log).start(from, resumed);
  }

  private message(frame: Frame): void {
    const log = frame['log'] as string;
    const seq = frame['seq'] as number;
    const kind = this.placeOf(log).take(seq);
    const { id, sentAt } = frame;
    this.note({
      kind,
      ...named(log),
      seq,
      id,
      sentAt,
      ...(frame['replay'] === true ? { replay: true } : {}),
    });
    if (kind === 'got') this.gotCount++;
    if (kind === 'jump') this.socket?.close(4204);
  }

  private skip(frame: Frame): void {
    const [log, from, to] = [frame['log'] as string, frame['from'] as number, frame['to'] as number];
    const isNext = this.placeOf(log).skip(from, to);
    this.note({ kind: isNext ? 'skip' : 'jump', ...named(log), from, to, reason: frame['reason'] });
    if (!isNext) this.socket?.close(4204);
  }

  private refresh(): void {
    const now = Date.now();
    if (this.tokenExpiresAt - now > refreshMs || now - this.refreshedAt < refreshAgainMs) return;
    this.refreshedAt = now;
    const { socket } = this;
    const bring = (token: string) => {
      if (socket === this.socket) this.send({ type: 'token', token });
    };
    this.plan.token(this.plan.user).then(bring, () => {}); // asked again while there is time
  }

  private placeOf(log: string): Place {
    const known = this.places.get(log);
    if (known) return known;
    const place = new Place();
    this.places.set(log, place);
    return place;
  }

  private note(line: Record<string, unknown>): void {
    this.plan.log.write({ user: this.plan.user, device: this.plan.device, at: Date.now(), ...line });
  }

  private send(frame: Frame): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }
}

/** Most lines are about the user's log, which is not named. */
function named(log: string): { log?: string } {
  return log === 'user' ? {} : { log };
}
