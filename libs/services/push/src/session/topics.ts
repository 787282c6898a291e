/**
 * Which topics a session follows: those that its client asks for and its token allows, and those of which a
 * business system made the user a member. What concerns one topic of one session is done in its order, one
 * thing after the other; every frame gets exactly one answer.
 */
import { tenantOf, topicLog, type UserKey, wireLog } from '@carillon/domain';
import { type Membership, PortError } from '@carillon/domain/ports';
import { limits, type Subscribe, topicPrefix } from '@carillon/wire';
import { Injectable } from '@nestjs/common';
import { PushMetrics } from '../push-metrics.js';
import { Following } from './following.js';
import { Registry } from './registry.js';
import type { Session, Topic } from './session.js';
import { type StartPoint, StartPoints } from './start-point.js';
import { StartReader } from './start-reader.js';
import { isAllowed } from './topic-pattern.js';

/** What a session follows at its beginning besides its own log and `all`. */
export interface Opening {
  /** Heads at joining, by topic. */
  readonly joinedHeads: ReadonlyMap<string, number>;
  /** Tells the client what it asked for in vain; after the welcome. */
  refuse(): void;
}

const topicsMax = limits.topicsPerSessionMax;
const forbidden = 'the token does not allow this topic';
const membersOnly = 'followed as a member, which only a business system can end';
const tooMany = `a session follows at most ${topicsMax} topics`;

@Injectable()
export class Topics {
  /** The last thing to be done for a topic of a session; as many as frames may wait. */
  private readonly tails = new Map<string, Promise<void>>();

  constructor(
    private readonly registry: Registry,
    private readonly following: Following,
    private readonly store: StartReader,
    private readonly starts: StartPoints,
    private readonly metrics: PushMetrics,
  ) {}

  /**
   * For a session that is being opened: when it resolves its topics are there, their doorbells come in, and
   * their pumps wait for their start. @throws PortUnavailable
   */
  async open(session: Session, asked: readonly string[]): Promise<Opening> {
    const memberships = await this.store.membershipsOf(session.user);
    if (session.state === 'closed') return { joinedHeads: new Map(), refuse: () => {} };
    const members = membersOf(memberships);
    for (const name of members.keys()) this.add(session, name, { isAsked: false, isMember: true });
    const refusals = [...new Set(asked)].map((name) => this.refusalOf(session, name));
    const ready = [...(session.topics?.values() ?? [])].map(({ pump }) => this.following.begin(pump));
    await Promise.all(ready);
    const joinedHeads = new Map([...members].map(([name, { head }]) => [name, head]));
    const refuse = () => {
      for (const refuseOne of refusals) refuseOne?.();
    };
    return { joinedHeads, refuse };
  }

  subscribe(session: Session, order: Subscribe): void {
    const { topic: name, cursor } = order;
    this.inTurn(session, name, async () => {
      session.unopened?.delete(name);
      const isOpen = session.topics?.has(name);
      const refuse = this.refusalOf(session, name);
      const topic = session.topics?.get(name);
      if (refuse || !topic) {
        if (cursor !== undefined) session.partAt(name, cursor);
        refuse?.();
      } else if (isOpen) await this.answerAgain(session, name, { topic, cursor });
      else await this.start(session, name, { cursor });
    });
  }

  unsubscribe(session: Session, name: string): void {
    this.inTurn(session, name, async () => {
      const topic = session.topics?.get(name);
      session.unopened?.delete(name);
      if (topic) topic.isAsked = false;
      if (topic?.isMember) session.refuse('scope_missing', membersOnly, name);
      else this.end(session, name);
    });
  }

  /**
   * Asks what the user is a member of, and lets every session of the user follow that and nothing else. What
   * a session asked for while the store was away is tried again.
   */
  async compare(user: UserKey): Promise<void> {
    for (const session of this.registry.sessionsOf(user)) {
      if (session.state === 'opening') session.isMembershipStale = true;
      const unopened = [...(session.unopened ?? [])];
      session.unopened = undefined;
      for (const [topic, cursor] of unopened)
        this.subscribe(session, { type: 'subscribe', topic, ...(cursor === undefined ? {} : { cursor }) });
    }
    try {
      this.adopt(user, await this.store.membershipsOf(user));
    } catch (error) {
      if (!(error instanceof PortError)) throw error; // anti-entropy asks again
    }
  }

  /** A newer token may allow less. */
  review(session: Session): void {
    for (const name of session.topics?.keys() ?? []) {
      if (isAllowed(name, session.patterns)) continue;
      this.inTurn(session, name, async () => {
        const topic = session.topics?.get(name);
        if (!topic?.isAsked || isAllowed(name, session.patterns)) return;
        topic.isAsked = false;
        session.refuse('scope_missing', forbidden, name);
        if (!topic.isMember) this.end(session, name);
      });
    }
  }

  private adopt(user: UserKey, memberships: readonly Membership[]): void {
    const members = membersOf(memberships);
    for (const session of this.registry.sessionsOf(user)) if (session.isLive) this.adoptIn(session, members);
  }

  private adoptIn(session: Session, members: ReadonlyMap<string, Membership>): void {
    for (const [name, membership] of members) {
      if (!session.topics?.get(name)?.isMember) this.join(session, name, membership);
    }
    for (const [name, { isMember }] of session.topics ?? []) {
      if (isMember && !members.has(name)) this.part(session, name);
    }
  }

  private join(session: Session, name: string, membership: Membership): void {
    this.inTurn(session, name, async () => {
      const known = session.topics?.get(name);
      if (known) known.isMember = true;
      else if ((session.topics?.size ?? 0) < topicsMax) {
        this.add(session, name, { isAsked: false, isMember: true });
        await this.start(session, name, { joinedHead: membership.head, cursor: session.parted?.get(name) });
      }
    });
  }

  private part(session: Session, name: string): void {
    this.inTurn(session, name, async () => {
      const topic = session.topics?.get(name);
      if (topic) topic.isMember = false;
      if (topic && !topic.isAsked) this.end(session, name);
    });
  }

  /** Notes that the client asks for the topic. @returns what refuses it, if it is not to have it. */
  private refusalOf(session: Session, name: string): (() => void) | undefined {
    const topic = session.topics?.get(name);
    if (isAllowed(name, session.patterns)) {
      if (topic) topic.isAsked = true;
      else if ((session.topics?.size ?? 0) >= topicsMax) {
        return () => session.refuse('validation_failed', tooMany, name);
      } else this.add(session, name, { isAsked: true, isMember: false });
      return undefined;
    }
    return topic?.isMember ? undefined : () => session.refuse('scope_missing', forbidden, name);
  }

  private add(session: Session, name: string, why: { isAsked: boolean; isMember: boolean }): void {
    const pump = session.newPump(topicLog(tenantOf(session.user), name));
    session.topics ??= new Map();
    session.topics.set(name, { pump, ...why });
  }

  /** Opens a topic of a session that is open. */
  private async start(
    session: Session,
    name: string,
    { cursor, joinedHead }: { cursor?: number | undefined; joinedHead?: number },
  ): Promise<void> {
    const topic = session.topics?.get(name);
    if (!topic) return;
    const { pump } = topic;
    await this.following.begin(pump);
    try {
      const { log } = pump;
      const question = { log, device: session.device, cursor, joinedHead, isMemberOnly: !topic.isAsked };
      const start = await this.starts.find(question);
      if (!session.isLive) return; // its pumps have ended with it
      session.send({ type: 'subscribed', log: wireLog(log), ...publicPart(start) });
      this.following.start(pump, start);
      if (cursor !== undefined) this.metrics.resumed(start.resumed);
    } catch (error) {
      if (!(error instanceof PortError)) throw error; // a membership is tried again by anti-entropy
      this.drop(session, name);
      if (topic.isAsked) this.tryLater(session, name, cursor);
      else if (cursor !== undefined) session.partAt(name, cursor);
    }
  }

  /**
   * It follows the topic already: the answer says where it is. A cursor is an ack, here too, and one of
   * before this session began there misses what came in between.
   */
  private async answerAgain(
    session: Session,
    name: string,
    { topic: { pump }, cursor }: { topic: Topic; cursor: number | undefined },
  ): Promise<void> {
    try {
      if (cursor !== undefined && pump.ack(cursor) === 'beyond-head')
        pump.raise({ seq: cursor }, await this.store.headOf(pump.log));
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      this.tryLater(session, name, cursor);
      return;
    }
    const { sent } = pump;
    const head = Math.max(sent, pump.head);
    const resumed = cursor === undefined || (cursor >= pump.from && cursor <= head);
    session.send({ type: 'subscribed', log: wireLog(pump.log), from: sent, head, resumed });
  }

  /** With the next comparison: the client need not ask again. */
  private tryLater(session: Session, name: string, cursor: number | undefined): void {
    session.unopened ??= new Map();
    if (session.unopened.size < topicsMax) session.unopened.set(name, cursor);
    session.refuse('store_unavailable', 'the topic cannot be read now; it is tried again', name);
  }

  private end(session: Session, name: string): void {
    const settled = session.topics?.get(name)?.pump.settled ?? -1;
    if (settled >= 0) session.partAt(name, settled);
    this.drop(session, name);
    session.send({ type: 'unsubscribed', log: topicPrefix + name });
  }

  private drop(session: Session, name: string): void {
    const topic = session.topics?.get(name);
    if (!topic) return;
    session.topics?.delete(name);
    this.following.end(topic.pump);
  }

  private inTurn(session: Session, name: string, errand: () => Promise<void>): void {
    const key = `${session.id}/${name}`;
    const before = this.tails.get(key);
    const run = async () => {
      if (session.isLive) await errand();
    };
    // What can be answered at once is, before the frames that follow.
    const tail = (before ? before.then(run) : run()).finally(() => {
      if (this.tails.get(key) === tail) this.tails.delete(key);
    });
    this.tails.set(key, tail);
  }
}

/** As `subscribed` and `welcome` say it. */
export function publicPart({
  from,
  head,
  resumed,
}: StartPoint): Pick<StartPoint, 'from' | 'head' | 'resumed'> {
  return { from, head, resumed };
}

/** By topic, as many as a session may follow. */
function membersOf(memberships: readonly Membership[]): ReadonlyMap<string, Membership> {
  const all = memberships.map((one) => [wireLog(one.topic).slice(topicPrefix.length), one] as const);
  return new Map(all.slice(0, topicsMax));
}
