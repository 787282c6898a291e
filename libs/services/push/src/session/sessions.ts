/**
 * The node around the sessions: answers what a session cannot answer itself (is this ack within the log, is
 * this new token good), tells the ledger, and tends all of them once a second.
 */
import { type ConnectionRecord, deviceKey } from '@carillon/domain';
import { Clock, ClockTrust, PortError, repeat, type Timer } from '@carillon/domain/ports';
import { type Ack, closeCodes, type Subscribe } from '@carillon/wire';
import { Injectable } from '@nestjs/common';
import { NoticeBoard } from '../delivery/notice-board.js';
import { ReceiptBook } from '../delivery/receipt-book.js';
import { OwnRoutes } from '../node/own-routes.js';
import { PushMetrics } from '../push-metrics.js';
import { PushOptions } from '../push-options.js';
import { AuthLink, type Verdict } from './auth-link.js';
import { Following } from './following.js';
import { placeFor } from './instance-limit.js';
import { PageReader } from './page-reader.js';
import type { Pump, PumpShare } from './pump.js';
import { Registry } from './registry.js';
import { Rings } from './ring.js';
import type { Session, SessionHost } from './session.js';
import { StartReader } from './start-reader.js';
import { Topics } from './topics.js';

const tendEveryMs = 1_000;

/** The parts of a node that sessions share; one constructor could not take them all. */
@Injectable()
export class NodeParts {
  constructor(
    readonly registry: Registry,
    readonly following: Following,
    readonly book: ReceiptBook,
    readonly own: OwnRoutes,
    readonly metrics: PushMetrics,
    readonly notices: NoticeBoard,
  ) {}
}

/** What pumps write from. */
@Injectable()
export class PumpParts {
  constructor(
    readonly rings: Rings,
    readonly reader: PageReader,
    readonly clock: Clock,
    readonly trust: ClockTrust,
    readonly options: PushOptions,
  ) {}
}

@Injectable()
export class Sessions implements SessionHost {
  readonly share: PumpShare;
  private timer: Timer | undefined;

  constructor(
    private readonly parts: NodeParts,
    private readonly auth: AuthLink,
    private readonly store: StartReader,
    private readonly topics: Topics,
    pumpParts: PumpParts,
  ) {
    const { metrics } = parts;
    const { rings, reader, clock, trust, options } = pumpParts;
    this.share = {
      ...{ rings, reader, clock, trust, options },
      onSettled: (way, outcome, sinceAcceptedMs) => metrics.settled(way, outcome, sinceAcceptedMs),
      onSkipped: (reason) => metrics.skipped(reason),
    };
  }

  start(): void {
    this.timer = repeat(
      this.share.clock,
      () => tendEveryMs,
      () => {
        for (const session of this.parts.registry.sessions()) session.tend();
      },
    );
  }

  stop(): void {
    this.timer?.cancel();
  }

  /**
   * From now on doorbells find the session. Resolves when other nodes can find it too, and what goes to
   * everybody comes in here, or the table or the bus is away.
   * @returns undefined when the user has too many instances: nothing was registered.
   */
  register(session: Session): Promise<unknown> | undefined {
    const { registry, own, following } = this.parts;
    const { user, instance } = session;
    const place = placeFor(instance, registry.sessionsOf(user), this.share.options.instancesPerUserMax);
    if (!place.isFree) return undefined;
    for (const old of place.leftOver) old.close(closeCodes.rebalance, 'this instance has newer sockets');
    const isFirst = registry.add(session);
    // A claim on its way is waited for: the log must not be read before the route is there.
    const claimed = isFirst || own.isPending(user) ? own.claim(user) : Promise.resolve();
    return Promise.all([claimed, following.begin(session.inbox), following.begin(session.all)]);
  }

  onTouched(pump: Pump): void {
    this.parts.book.touch(pump);
  }

  onAckBeyondHead(session: Session, pump: Pump, ack: Ack): void {
    void this.judgeAck(session, pump, ack);
  }

  onToken(session: Session, token: string): void {
    void this.refreshToken(session, token);
  }

  onRead(session: Session, ids: readonly string[]): void {
    this.parts.book.read(session.user, ids);
    this.parts.notices.tellOfRead(session, ids);
  }

  onSubscribe(session: Session, order: Subscribe): void {
    this.topics.subscribe(session, order);
  }

  onUnsubscribe(session: Session, topic: string): void {
    this.topics.unsubscribe(session, topic);
  }

  onClosed(session: Session, code: number): void {
    const { registry, own, following, metrics, book } = this.parts;
    for (const pump of session.pumps()) following.end(pump);
    if (registry.remove(session)) own.release(session.user);
    if (!session.wasOpen) return; // it was turned away
    metrics.disconnected(session.id, code);
    const { sent, settled } = session.inbox;
    const end = { closedAt: this.share.clock.now(), closeCode: code, sent, settled };
    book.closed({ ...this.record(session), ...end });
  }

  /** The ledger's row of this connection. */
  record(session: Session): ConnectionRecord {
    return {
      id: session.id,
      user: session.user,
      ...(session.device ? { device: session.device } : {}),
      node: this.share.options.node,
      transport: 'websocket',
      ...(session.app === undefined ? {} : { app: session.app }),
      openedAt: session.openedAt,
    };
  }

  private async judgeAck(session: Session, pump: Pump, ack: Ack): Promise<void> {
    try {
      const head = await this.store.headOf(pump.log);
      if (!pump.raise(ack, head)) session.close(closeCodes.protocol, 'ack beyond the head of the log');
    } catch (error) {
      if (!(error instanceof PortError)) throw error; // cannot be judged now; the client acks again
    }
  }

  private async refreshToken(session: Session, token: string): Promise<void> {
    const verdict = await this.auth.verify(token);
    if (verdict.outcome === 'accepted' && isOfSession(verdict, session)) {
      this.renewToken(session, verdict);
    } else if (verdict.outcome === 'none') {
      session.refuse('internal', 'The token cannot be checked now');
    } else if (verdict.outcome === 'expired') {
      session.close(closeCodes.tokenExpired, 'the new token has expired');
    } else {
      session.close(closeCodes.tokenRejected, 'the new token was not accepted');
    }
  }

  /** Verdicts may overtake each other: what counts is the token that lives longest. */
  private renewToken(session: Session, { expiresAt, topics }: Accepted): void {
    if (expiresAt >= session.tokenExpiresAt) {
      session.tokenExpiresAt = expiresAt;
      session.patterns = topics;
      this.topics.review(session);
    }
    session.send({ type: 'token-accepted', expiresAt: session.tokenExpiresAt });
  }
}

type Accepted = Extract<Verdict, { outcome: 'accepted' }>;

/** A user includes its tenant, and with it the origins; a token for one device is for no other. */
function isOfSession(verdict: Accepted, session: Session): boolean {
  if (verdict.user !== session.user) return false;
  return verdict.device === undefined || deviceKey(verdict.user, verdict.device) === session.device;
}
