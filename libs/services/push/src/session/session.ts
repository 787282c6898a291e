/**
 * The authenticated state on one connection: opening → open → draining → closed. Takes the client's frames,
 * owns the pumps of its logs. It never reads the store itself and never answers a frame before the session is
 * open.
 */
import { allLog, type DeviceKey, type LogKey, tenantOf, type UserKey, userLog } from '@carillon/domain';
import { tokenSkewMs } from '@carillon/tokens';
import {
  type Ack,
  type ClientFrame,
  type CloseCode,
  closeCodes,
  decodeClientFrame,
  type ErrorCode,
  encodeFrame,
  errorCodes,
  limits,
  type ServerFrame,
  type Subscribe,
  topicPrefix,
  type Welcome,
} from '@carillon/wire';
import type { Connection, ConnectionListener } from '../socket/connection.js';
import type { Framed } from '../socket/framed.js';
import { FrameBudget } from './frame-budget.js';
import { type Line, Pump, type PumpShare } from './pump.js';

export type SessionState = 'opening' | 'open' | 'draining' | 'closed';

/** Who is on the connection, as Auth said. Times are epoch milliseconds. */
export interface Identity {
  readonly user: UserKey;
  readonly tokenExpiresAt: number;
  /** Patterns of the topics that may be followed. */
  readonly topics: readonly string[];
}

/** What its hello says of a session. */
export interface About {
  readonly instance: string;
  /** Absent: an ephemeral one. */
  readonly device?: DeviceKey | undefined;
  readonly app?: string | undefined;
}

/** A topic that the session follows, for one of two reasons or both. */
export interface Topic {
  readonly pump: Pump;
  /** The client asked for it, and its token allows it. */
  isAsked: boolean;
  /** A business system made the user a member. */
  isMember: boolean;
}

/** What a session asks of the node around it. */
export interface SessionHost {
  readonly share: PumpShare;
  /** Something was sent or settled by this pump. */
  onTouched(pump: Pump): void;
  /** The client acknowledges more than was heard of: is it within the log? */
  onAckBeyondHead(session: Session, pump: Pump, ack: Ack): void;
  onToken(session: Session, token: string): void;
  onRead(session: Session, ids: readonly string[]): void;
  onSubscribe(session: Session, order: Subscribe): void;
  onUnsubscribe(session: Session, topic: string): void;
  onClosed(session: Session, code: number): void;
}

export class Session implements Line, ConnectionListener {
  readonly openedAt: number;
  /** The pump of the user's own log. */
  readonly inbox: Pump;
  /** The pump of the log that everybody follows. */
  readonly all: Pump;
  /** Topics by name, those that are being opened too; few sessions have any. */
  topics: Map<string, Topic> | undefined;
  readonly device: DeviceKey | undefined;
  /** The running SDK, as its hello said. */
  readonly instance: string;
  readonly app: string | undefined;
  state: SessionState = 'opening';
  /** It got its welcome, however it ended. */
  wasOpen = false;
  tokenExpiresAt: number;
  /** Patterns of the topics that the newest token allows. */
  patterns: readonly string[];
  /**
   * Where it was in topics that it does not follow, or no longer: this client, not only its device. If the
   * user becomes a member, this is what it goes on from.
   */
  parted: Map<string, number> | undefined;
  /** Topics that it asked for while the store was away, with the cursors it gave. */
  unopened: Map<string, number | undefined> | undefined;
  /** Memberships changed while it was being opened. */
  isMembershipStale = false;
  private heardAt: number;
  private pingedAt: number;
  private drainedAt: number;
  private readonly budget: FrameBudget;

  constructor(
    readonly connection: Connection,
    readonly identity: Identity,
    private readonly host: SessionHost,
    about: About,
  ) {
    const { clock } = host.share;
    this.device = about.device;
    this.instance = about.instance;
    this.app = about.app;
    this.tokenExpiresAt = identity.tokenExpiresAt;
    this.patterns = identity.topics;
    this.openedAt = clock.now();
    this.heardAt = clock.monotonic();
    this.pingedAt = this.heardAt;
    this.drainedAt = this.heardAt;
    this.budget = new FrameBudget(clock.monotonic());
    this.inbox = this.newPump(userLog(identity.user));
    this.all = this.newPump(allLog(tenantOf(identity.user)));
    connection.listen(this);
  }

  get id(): string {
    return this.connection.id;
  }

  get user(): UserKey {
    return this.identity.user;
  }

  *pumps(): Iterable<Pump> {
    yield this.inbox;
    yield this.all;
    if (this.topics) for (const { pump } of this.topics.values()) yield pump;
  }

  /** It is there in a topic that it does not follow. */
  partAt(topic: string, seq: number): void {
    this.parted ??= new Map();
    this.parted.delete(topic); // so that it is the newest of them
    this.parted.set(topic, seq);
    const [eldest] = this.parted.keys();
    if (this.parted.size > limits.topicsPerSessionMax) this.parted.delete(eldest as string);
  }

  /** Nobody is told of it yet. */
  newPump(log: LogKey): Pump {
    return new Pump(log, this, this.host.share);
  }

  /** The welcome is the first frame; from now on its pumps may write. */
  open(welcome: Welcome): void {
    this.state = 'open';
    this.wasOpen = true;
    this.send(welcome);
  }

  send(frame: ServerFrame): void {
    if (this.state !== 'closed') this.connection.send(encodeFrame(frame));
  }

  refuse(code: ErrorCode, title: string, ref?: string): void {
    const { retryable } = errorCodes[code];
    this.send({ type: 'error', code, title, retryable, ...(ref === undefined ? {} : { ref }) });
  }

  close(code: CloseCode, reason: string): void {
    this.connection.close(code, reason);
  }

  /** Open, or open and draining: it may be told something. */
  get isLive(): boolean {
    return this.state === 'open' || this.state === 'draining';
  }

  /** Whether everything written has been settled. */
  get isSettled(): boolean {
    for (const pump of this.pumps()) if (pump.settled < pump.sent) return false;
    return true;
  }

  /** Tells what is good to know and can be missed: not before the welcome, not where much waits already. */
  tell(frame: ServerFrame): void {
    if (this.isWritable()) this.send(frame);
  }

  /** Asks the client to move; its pumps go on meanwhile. One that is not open yet is sent away at once. */
  drain(withinMs: number): void {
    if (this.state === 'opening') this.close(closeCodes.draining, 'this node is going away');
    if (this.state !== 'open') return;
    this.state = 'draining';
    this.send({ type: 'drain', withinMs });
  }

  /** Looks after time: heartbeat, token, slow consumer. Called about once a second. */
  tend(): void {
    if (!this.isLive) return;
    const { clock, options, trust } = this.host.share;
    const now = clock.monotonic();
    const stalledMs = this.tendPumps(now);
    if (now - this.heardAt > options.heartbeatMs * 1.5) {
      this.close(closeCodes.heartbeatMissed, 'nothing heard for one and a half heartbeats');
    } else if (trust.isTrusted && this.tokenExpiresAt + tokenSkewMs < clock.now()) {
      this.close(closeCodes.tokenExpired, 'the token expired');
    } else if (this.isBlocked(now) || stalledMs > options.ackTimeoutMs) {
      this.close(closeCodes.slowConsumer, 'what was sent is not being settled');
    } else if (now - this.pingedAt >= options.heartbeatMs) {
      this.pingedAt = now;
      this.send({ type: 'ping' });
    }
  }

  // What its pumps ask of it.

  isWritable(): boolean {
    return (
      this.isLive &&
      this.connection.isOpen &&
      this.connection.backlogBytes < this.host.share.options.socketBacklogBytes
    );
  }

  write(frames: Framed): void {
    this.connection.write(frames);
  }

  writeAlone(frames: Framed): void {
    this.connection.writeAlone(frames);
  }

  resync(reason: string): void {
    this.close(closeCodes.resync, reason);
  }

  touched(pump: Pump): void {
    if (!pump.waiting) this.host.onTouched(pump);
  }

  // What its connection tells.

  onText(text: string): void {
    this.heardAt = this.host.share.clock.monotonic();
    if (this.state === 'opening') return; // sent away before its welcome
    if (!this.isWithinBudget()) return;
    const decoded = decodeClientFrame(text);
    if (decoded.ok) this.act(decoded.frame);
    else this.close(closeCodes.protocol, decoded.reason);
  }

  onBinary(): void {
    this.close(closeCodes.protocol, 'frames are text');
  }

  onControl(): void {
    this.isWithinBudget();
  }

  onDrain(): void {
    this.drainedAt = this.host.share.clock.monotonic();
    for (const pump of this.pumps()) pump.run();
  }

  onClose(code: number): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.host.onClosed(this, code);
  }

  /** @returns how long the one that waits longest has waited for an ack */
  private tendPumps(now: number): number {
    let stalledMs = Math.max(this.inbox.tend(now), this.all.tend(now));
    if (!this.topics) return stalledMs;
    for (const { pump } of this.topics.values()) stalledMs = Math.max(stalledMs, pump.tend(now));
    return stalledMs;
  }

  /** The socket has not taken anything for too long. */
  private isBlocked(now: number): boolean {
    const { options } = this.host.share;
    if (this.connection.backlogBytes < options.socketBacklogBytes) this.drainedAt = now;
    return now - this.drainedAt > options.drainTimeoutMs;
  }

  private isWithinBudget(): boolean {
    const isWithin = this.budget.spend(this.host.share.clock.monotonic());
    if (!isWithin) this.close(closeCodes.rateLimited, 'too many frames');
    return isWithin;
  }

  private act(frame: ClientFrame): void {
    switch (frame.type) {
      case 'ack':
        this.settle(frame);
        break;
      case 'pong':
        break; // it was heard, that is all it says
      case 'read':
        this.host.onRead(this, frame.ids);
        break;
      case 'token':
        this.host.onToken(this, frame.token);
        break;
      case 'hello':
        this.close(closeCodes.protocol, 'hello is the first frame only');
        break;
      case 'subscribe':
        this.host.onSubscribe(this, frame);
        break;
      case 'unsubscribe':
        this.host.onUnsubscribe(this, frame.topic);
        break;
      case 'call':
        this.refuseCall(frame.ref);
    }
  }

  private refuseCall(ref: string): void {
    const { retryable } = errorCodes.not_found;
    const error = { code: 'not_found', title: 'nothing answers calls here', retryable };
    this.send({ type: 'result', ref, ok: false, error });
  }

  /** Of a topic that is followed no longer, acks may still be on their way. */
  private settle(ack: Ack): void {
    const pump = this.pumpOf(ack.log);
    if (!pump) return;
    const isOfSent = ack.seq > pump.settled && ack.seq <= pump.sent;
    const verdict = pump.ack(ack.seq, ack.failed, ack.unhandled);
    if (isOfSent) this.budget.refund();
    if (verdict === 'beyond-head') this.host.onAckBeyondHead(this, pump, ack);
  }

  private pumpOf(wireName: string): Pump | undefined {
    if (wireName === 'user') return this.inbox;
    if (wireName === 'all') return this.all;
    return this.topics?.get(wireName.slice(topicPrefix.length))?.pump;
  }
}
