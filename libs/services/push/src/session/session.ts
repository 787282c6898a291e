/**
 * The authenticated state on one connection: opening → open → draining → closed. Takes the client's frames,
 * owns the pumps of its logs. It never reads the store itself and never answers a frame before the session is
 * open.
 */
import { type DeviceKey, type LogKey, logFromWire, type UserKey, userLog, userName } from '@carillon/domain';
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
  type ServerFrame,
  type Welcome,
} from '@carillon/wire';
import type { Connection } from '../socket/connection.js';
import { FrameBudget } from './frame-budget.js';
import { type Line, Pump, type PumpShare } from './pump.js';

export type SessionState = 'opening' | 'open' | 'draining' | 'closed';

/** Who is on the connection, as Auth said. Times are epoch milliseconds. */
export interface Identity {
  readonly user: UserKey;
  readonly tokenExpiresAt: number;
}

/** What its hello says of a session. */
export interface About {
  readonly instance: string;
  /** Absent: an ephemeral one. */
  readonly device?: DeviceKey | undefined;
  readonly app?: string | undefined;
}

/** What a session asks of the node around it. */
export interface SessionHost {
  readonly share: PumpShare;
  /** Something was sent or settled by this pump. */
  onTouched(session: Session, pump: Pump): void;
  /** The client acknowledges more than it was sent: is it within the log? */
  onAckBeyondSent(session: Session, pump: Pump, ack: Ack): void;
  onToken(session: Session, token: string): void;
  onRead(session: Session, ids: readonly string[]): void;
  onClosed(session: Session, code: number): void;
}

export class Session {
  readonly openedAt: number;
  readonly pumps = new Map<LogKey, Pump>();
  /** The pump of the user's own log. */
  readonly inbox: Pump;
  readonly device: DeviceKey | undefined;
  /** The running SDK, as its hello said. */
  readonly instance: string;
  readonly app: string | undefined;
  state: SessionState = 'opening';
  /** It got its welcome, however it ended. */
  wasOpen = false;
  tokenExpiresAt: number;
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
    this.openedAt = clock.now();
    this.heardAt = clock.monotonic();
    this.pingedAt = this.heardAt;
    this.drainedAt = this.heardAt;
    this.budget = new FrameBudget(clock.monotonic());
    this.inbox = this.newPump(userLog(identity.user));
    this.pumps.set(this.inbox.log, this.inbox);
    connection.listen({
      onText: (text) => this.take(text),
      onBinary: () => this.close(closeCodes.protocol, 'frames are text'),
      onControl: () => void this.isWithinBudget(),
      onDrain: () => this.drained(),
      onClose: (code) => this.ended(code),
    });
  }

  get id(): string {
    return this.connection.id;
  }

  get user(): UserKey {
    return this.identity.user;
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

  /** Whether everything written has been settled. */
  get isSettled(): boolean {
    for (const pump of this.pumps.values()) if (pump.settled < pump.sent) return false;
    return true;
  }

  /** Tells what is good to know and can be missed: not before the welcome, not where much waits already. */
  tell(frame: ServerFrame): void {
    if (this.isWritable) this.send(frame);
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
    if (this.state !== 'open' && this.state !== 'draining') return;
    const { clock, options } = this.host.share;
    const now = clock.monotonic();
    for (const pump of this.pumps.values()) pump.dropStalePage();
    if (now - this.heardAt > options.heartbeatMs * 1.5) {
      this.close(closeCodes.heartbeatMissed, 'nothing heard for one and a half heartbeats');
    } else if (this.tokenExpiresAt + tokenSkewMs < clock.now()) {
      this.close(closeCodes.tokenExpired, 'the token expired');
    } else if (this.isSlow(now)) {
      this.close(closeCodes.slowConsumer, 'what was sent is not being settled');
    } else if (now - this.pingedAt >= options.heartbeatMs) {
      this.pingedAt = now;
      this.send({ type: 'ping' });
    }
  }

  private isSlow(now: number): boolean {
    const { options } = this.host.share;
    const isBlocked = this.connection.backlogBytes >= options.socketBacklogBytes;
    if (!isBlocked) this.drainedAt = now;
    if (now - this.drainedAt > options.drainTimeoutMs) return true;
    return [...this.pumps.values()].some((pump) => pump.stalledMs(now) > options.ackTimeoutMs);
  }

  private newPump(log: LogKey): Pump {
    const line: Line = {
      isWritable: () => this.isWritable,
      write: (frame) => this.connection.send(frame),
      resync: (reason) => this.close(closeCodes.resync, reason),
      touched: () => this.host.onTouched(this, pump),
    };
    const pump = new Pump(log, line, this.host.share);
    return pump;
  }

  private get isWritable(): boolean {
    const isLive = (this.state === 'open' || this.state === 'draining') && this.connection.isOpen;
    return isLive && this.connection.backlogBytes < this.host.share.options.socketBacklogBytes;
  }

  private isWithinBudget(): boolean {
    const isWithin = this.budget.spend(this.host.share.clock.monotonic());
    if (!isWithin) this.close(closeCodes.rateLimited, 'too many frames');
    return isWithin;
  }

  private take(text: string): void {
    this.heardAt = this.host.share.clock.monotonic();
    if (this.state === 'opening') return; // sent away before its welcome
    if (!this.isWithinBudget()) return;
    const decoded = decodeClientFrame(text);
    if (decoded.ok) this.act(decoded.frame);
    else this.close(closeCodes.protocol, decoded.reason);
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
      case 'unsubscribe':
        this.refuseTopic(frame.topic);
        break;
      case 'call':
        this.refuseCall(frame.ref);
    }
  }

  refuseTopic(topic: string): void {
    this.refuse('not_found', 'this node serves the user log only', topic);
  }

  private refuseCall(ref: string): void {
    const { retryable } = errorCodes.not_found;
    const error = { code: 'not_found', title: 'nothing answers calls here', retryable };
    this.send({ type: 'result', ref, ok: false, error });
  }

  private settle(ack: Ack): void {
    const log = logFromWire(this.user, ack.log);
    const pump = log && this.pumps.get(log);
    if (!pump) {
      this.close(closeCodes.protocol, `ack for a log that this session does not follow: ${ack.log}`);
      return;
    }
    const verdict = pump.ack(ack.seq, ack.failed, ack.unhandled);
    if (verdict === 'beyond-sent') this.host.onAckBeyondSent(this, pump, ack);
  }

  private drained(): void {
    this.drainedAt = this.host.share.clock.monotonic();
    for (const pump of this.pumps.values()) pump.run();
  }

  private ended(code: number): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.host.onClosed(this, code);
  }

  /** For logs: names without the tenant's prefix are enough to find a session. */
  get userName(): string {
    return userName(this.user);
  }
}
