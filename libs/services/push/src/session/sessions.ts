/**
 * The node around the sessions: answers what a session cannot answer itself (is this ack within the log, is
 * this new token good), tells the ledger, and tends all of them once a second.
 */
import type { ConnectionRecord } from '@carillon/domain';
import { Clock, MessageLog, PortError, repeat, type Timer } from '@carillon/domain/ports';
import { type Ack, closeCodes } from '@carillon/wire';
import { Injectable } from '@nestjs/common';
import { ReceiptBook } from '../delivery/receipt-book.js';
import { OwnRoutes } from '../node/own-routes.js';
import { PushMetrics } from '../push-metrics.js';
import { PushOptions } from '../push-options.js';
import { AuthLink } from './auth-link.js';
import { PageReader } from './page-reader.js';
import type { Pump, PumpShare } from './pump.js';
import { Registry } from './registry.js';
import { Rings } from './ring.js';
import type { Session, SessionHost } from './session.js';

const tendEveryMs = 1_000;

/** The parts of a node that sessions share; one constructor could not take them all. */
@Injectable()
export class NodeParts {
  constructor(
    readonly registry: Registry,
    readonly rings: Rings,
    readonly reader: PageReader,
    readonly book: ReceiptBook,
    readonly own: OwnRoutes,
    readonly metrics: PushMetrics,
  ) {}
}

@Injectable()
export class Sessions implements SessionHost {
  readonly share: PumpShare;
  private timer: Timer | undefined;

  constructor(
    private readonly parts: NodeParts,
    private readonly auth: AuthLink,
    private readonly messages: MessageLog,
    private readonly clock: Clock,
    private readonly options: PushOptions,
  ) {
    const { metrics } = parts;
    this.share = {
      rings: parts.rings,
      reader: parts.reader,
      clock,
      options,
      onSettled: (way, outcome, sinceAcceptedMs) => metrics.settled(way, outcome, sinceAcceptedMs),
      onSkipped: (reason) => metrics.skipped(reason),
    };
  }

  start(): void {
    this.timer = repeat(
      this.clock,
      () => tendEveryMs,
      () => {
        for (const session of this.parts.registry.sessions()) session.tend();
      },
    );
  }

  stop(): void {
    this.timer?.cancel();
  }

  /** From now on doorbells find the session. Resolves when other nodes can find it too, or cannot be told. */
  async register(session: Session): Promise<void> {
    if (this.parts.registry.add(session)) await this.parts.own.claim(session.user);
  }

  onTouched(session: Session, pump: Pump): void {
    this.parts.book.touch(session, pump);
  }

  onAckBeyondSent(session: Session, pump: Pump, ack: Ack): void {
    void this.judgeAck(session, pump, ack);
  }

  onToken(session: Session, token: string): void {
    void this.refreshToken(session, token);
  }

  onRead(session: Session, ids: readonly string[]): void {
    for (const other of this.parts.registry.sessionsOf(session.user)) {
      if (other !== session) other.send({ type: 'read', ids });
    }
  }

  onClosed(session: Session, code: number): void {
    const { isLast, logs } = this.parts.registry.remove(session);
    if (isLast) this.parts.own.release(session.user);
    for (const log of logs) this.parts.rings.drop(log);
    this.parts.metrics.disconnected(session.id, code);
    this.parts.book.closed({ ...this.record(session), closedAt: this.clock.now(), closeCode: code });
  }

  /** The ledger's row of this connection. */
  record(session: Session): ConnectionRecord {
    return {
      id: session.id,
      user: session.user,
      ...(session.device ? { device: session.device } : {}),
      node: this.options.node,
      transport: 'websocket',
      ...(session.app === undefined ? {} : { app: session.app }),
      openedAt: session.openedAt,
    };
  }

  private async judgeAck(session: Session, pump: Pump, ack: Ack): Promise<void> {
    try {
      const head = (await this.messages.heads([pump.log])).get(pump.log) ?? 0;
      if (ack.seq > head) session.close(closeCodes.protocol, 'ack beyond the head of the log');
      else pump.raise(ack.seq, head);
    } catch (error) {
      if (!(error instanceof PortError)) throw error; // cannot be judged now; the client acks again
    }
  }

  private async refreshToken(session: Session, token: string): Promise<void> {
    const verdict = await this.auth.verify(token);
    if (verdict.outcome === 'accepted' && verdict.user === session.user) {
      session.tokenExpiresAt = verdict.expiresAt;
      session.send({ type: 'token-accepted', expiresAt: verdict.expiresAt });
    } else if (verdict.outcome === 'none') {
      session.refuse('internal', 'The token cannot be checked now');
    } else {
      session.close(closeCodes.tokenRejected, 'the new token was not accepted');
    }
  }
}
