/**
 * From a socket to an open session: verdict on the token, hello, registration, then the read that proves
 * continuity, then welcome. Nothing is read from the socket before the verdict, and nothing is done for a
 * token that is bad.
 */
import { deviceKey, userName, wireLog } from '@carillon/domain';
import { Clock, PortError, StoreFacts } from '@carillon/domain/ports';
import {
  type CloseCode,
  closeCodes,
  decodeClientFrame,
  type Hello,
  limits,
  topicPrefix,
  type Welcome,
} from '@carillon/wire';
import { Injectable } from '@nestjs/common';
import type { Connection } from '../socket/connection.js';
import { AuthLink, type Verdict } from './auth-link.js';
import { FrameBudget } from './frame-budget.js';
import type { Pump } from './pump.js';
import { Session } from './session.js';
import { NodeParts, Sessions } from './sessions.js';
import { claimedCursor, type StartPoint, StartPoints, type StartQuestion } from './start-point.js';
import { type Opening, publicPart, Topics } from './topics.js';

/** What came with the upgrade. */
export interface Arrival {
  readonly token: string;
  /** Absent: not a browser. */
  readonly origin: string | undefined;
}

type Accepted = Extract<Verdict, { outcome: 'accepted' }>;

/** Where a pump of a session that is being opened will start. */
interface PumpStart {
  readonly pump: Pump;
  readonly start: StartPoint;
  /** The client had a position. */
  readonly isResume: boolean;
}

const verdictCodes = {
  refused: closeCodes.tokenRejected,
  expired: closeCodes.tokenExpired,
  none: closeCodes.internal,
} as const;

/** The store's side of a session's beginning. */
@Injectable()
export class SessionStore {
  private known: Promise<string> | undefined;

  constructor(
    private readonly facts: StoreFacts,
    readonly starts: StartPoints,
    readonly topics: Topics,
  ) {}

  /** Asked once: a store is only restored while everything stands still. @throws PortUnavailable */
  async epoch(): Promise<string> {
    this.known ??= this.facts.epoch();
    try {
      return await this.known;
    } catch (error) {
      this.known = undefined;
      throw error;
    }
  }
}

@Injectable()
export class Reception {
  constructor(
    private readonly auth: AuthLink,
    private readonly sessions: Sessions,
    private readonly parts: NodeParts,
    private readonly store: SessionStore,
    private readonly clock: Clock,
  ) {}

  /** Takes care of the socket until it is open or closed. Never rejects. */
  async receive(connection: Connection, arrival: Arrival): Promise<void> {
    const { arrivals } = this.parts.registry;
    arrivals.add(connection);
    try {
      await this.welcomeOrTurnAway(connection, arrival);
    } finally {
      arrivals.delete(connection);
    }
  }

  private async welcomeOrTurnAway(connection: Connection, arrival: Arrival): Promise<void> {
    const verdict = await this.auth.verify(arrival.token);
    if (!connection.isOpen) return;
    const refusal = this.refusalOf(verdict, arrival);
    if (refusal) {
      this.turnAway(connection, refusal.code, refusal.reason);
      return;
    }
    const hello = await this.hello(connection);
    if (hello) await this.open(connection, verdict as Accepted, hello);
  }

  private refusalOf(verdict: Verdict, arrival: Arrival): { code: CloseCode; reason: string } | undefined {
    if (verdict.outcome !== 'accepted')
      return { code: verdictCodes[verdict.outcome], reason: verdict.detail };
    if (arrival.origin !== undefined && !this.auth.isOriginOf(verdict.tenant, arrival.origin)) {
      return { code: closeCodes.forbidden, reason: 'this origin is not allowed for the tenant' };
    }
    return undefined;
  }

  private turnAway(connection: Connection, code: CloseCode, reason: string): void {
    this.parts.metrics.connected(connection.id, `closed_${code}`);
    connection.close(code, reason);
  }

  /** The first frame, or undefined when the socket was closed instead. */
  private hello(connection: Connection): Promise<Hello | undefined> {
    return new Promise((resolve) => {
      const refuse = (reason: string, code: CloseCode = closeCodes.protocol) => {
        this.turnAway(connection, code, reason);
        resolve(undefined);
      };
      // A page that slept in between is not at fault: it must come back.
      const timer = this.clock.after(this.sessions.share.options.helloTimeoutMs, () =>
        refuse('no hello in time', closeCodes.heartbeatMissed),
      );
      const budget = new FrameBudget(this.clock.monotonic());
      connection.listen({
        onControl: () => {
          if (!budget.spend(this.clock.monotonic())) refuse('too many frames before hello');
        },
        onText: (text) => {
          timer.cancel();
          connection.pause();
          const decoded = decodeClientFrame(text);
          if (decoded.ok && decoded.frame.type === 'hello') resolve(decoded.frame);
          else refuse(decoded.ok ? 'the first frame must be hello' : decoded.reason);
        },
        onBinary: () => refuse('frames are text'),
        onDrain: () => {},
        onClose: () => {
          timer.cancel();
          resolve(undefined);
        },
      });
      connection.resume();
    });
  }

  private async open(connection: Connection, verdict: Accepted, hello: Hello): Promise<void> {
    if (!connection.isOpen) return;
    const device = verdict.device ?? hello.device;
    const session = new Session(
      connection,
      { user: verdict.user, tokenExpiresAt: verdict.expiresAt, topics: verdict.topics },
      this.sessions,
      {
        instance: hello.instance,
        app: hello.app,
        device: device === undefined ? undefined : deviceKey(verdict.user, device),
      },
    );
    const registered = this.sessions.register(session);
    if (!registered) {
      this.turnAway(connection, closeCodes.tooManyInstances, 'too many instances of this user');
      return;
    }
    await registered;
    if (session.state === 'closed') return;
    try {
      await this.begin(session, hello);
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      this.turnAway(connection, closeCodes.internal, 'the store cannot be read now');
    }
  }

  private async begin(session: Session, hello: Hello): Promise<void> {
    const { topics } = this.store;
    const [epoch, opening] = await Promise.all([this.store.epoch(), topics.open(session, hello.topics)]);
    const pumps = [...session.pumps()];
    const starts = await Promise.all(
      pumps.map((pump) => this.startOf(pump, questionOf(pump, { session, hello, epoch, opening }))),
    );
    if (session.state === 'closed' || !session.connection.isOpen) return;
    session.open(this.welcome(session, epoch, starts));
    opening.refuse();
    park(session, hello, epoch);
    for (const { pump, start } of starts) this.parts.following.start(pump, start);
    session.connection.resume();
    this.parts.book.opened(this.sessions.record(session));
    this.parts.metrics.connected(session.id, 'open');
    for (const { isResume, start } of starts) if (isResume) this.parts.metrics.resumed(start.resumed);
    if (session.isMembershipStale) void topics.compare(session.user);
  }

  private async startOf(pump: Pump, question: StartQuestion): Promise<PumpStart> {
    const start = await this.store.starts.find(question);
    return { pump, start, isResume: question.cursor !== undefined };
  }

  private welcome(session: Session, epoch: string, starts: readonly PumpStart[]): Welcome {
    const { options } = this.sessions.share;
    return {
      type: 'welcome',
      connection: session.id,
      node: options.node,
      epoch,
      user: userName(session.user),
      device: session.device ? session.device.slice(session.user.length + 1) : session.id,
      logs: Object.fromEntries(starts.map(({ pump, start }) => [wireLog(pump.log), publicPart(start)])),
      heartbeatMs: options.heartbeatMs,
      window: options.ackWindow,
      tokenExpiresAt: session.tokenExpiresAt,
      limits: {
        frameBytesMax: limits.frameBytesMax,
        ackWindowBytes: options.ackWindowBytes,
        topicsPerSessionMax: limits.topicsPerSessionMax,
      },
    };
  }
}

interface Beginning {
  readonly session: Session;
  readonly hello: Hello;
  readonly epoch: string;
  readonly opening: Opening;
}

/** Where it was in topics that it does not follow now. */
function park(session: Session, hello: Hello, epoch: string): void {
  for (const name of Object.keys(hello.cursors)) {
    const topic = name.slice(topicPrefix.length);
    if (!name.startsWith(topicPrefix) || session.topics?.has(topic)) continue;
    const cursor = claimedCursor(hello, name, { user: userName(session.user), epoch });
    if (typeof cursor === 'number') session.partAt(topic, cursor);
  }
}

function questionOf({ log }: Pump, { session, hello, epoch, opening }: Beginning): StartQuestion {
  const name = wireLog(log);
  const topic = name.slice(topicPrefix.length);
  const cursor = claimedCursor(hello, name, { user: userName(session.user), epoch });
  const joinedHead = opening.joinedHeads.get(topic);
  const isMemberOnly = joinedHead !== undefined && !session.topics?.get(topic)?.isAsked;
  return { log, device: session.device, cursor, joinedHead, isMemberOnly };
}
