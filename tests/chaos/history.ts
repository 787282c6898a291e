// What became of a run, as the fleet and the poster wrote it down and the store has it: the figures that rows
// are judged by. Times are epoch milliseconds; a delay counts from the 202.
import { check, type Seen, type Verdict } from '../fleet/checker.ts';
import type { Posted, PosterStatus } from '../fleet/poster.ts';
import type { StoreVerdict } from './dump.ts';

export interface HistoryParts {
  readonly posted: readonly Posted[];
  readonly seen: readonly Seen[];
  readonly store: StoreVerdict;
  readonly poster: PosterStatus;
  readonly liveShare: number;
}

interface Delivery {
  readonly user: string;
  readonly acceptedAt: number;
  readonly delayMs: number;
}

export interface Ending {
  readonly user: string;
  readonly at: number;
  readonly code: number;
  readonly node: string;
}

export class History {
  readonly parts: HistoryParts;
  readonly verdict: Verdict;
  readonly deliveries: readonly Delivery[];

  constructor(parts: HistoryParts) {
    this.parts = parts;
    this.verdict = check(parts.posted, parts.seen, []);
    this.deliveries = deliveriesOf(parts);
  }

  /** Everything that no fault may bring about, added up. */
  get violations(): number {
    const { missing, againAfterAck, outOfOrder, moved, strange, gaps } = this.verdict;
    const { holes, lost, doubles } = this.parts.store;
    return missing + againAfterAck + outOfOrder + moved + strange + gaps + holes + lost + doubles;
  }

  get longestMs(): number {
    return this.longestOf(() => true);
  }

  longestOf(isMeant: (delivery: Delivery) => boolean): number {
    return this.deliveries.reduce((max, each) => (isMeant(each) ? Math.max(max, each.delayMs) : max), 0);
  }

  /** Of what was accepted in this time; 0 when nothing was. */
  p99Between(from: number, to: number): number {
    const delays = this.between(from, to).map((each) => each.delayMs);
    delays.sort((one, other) => one - other);
    return delays[Math.min(delays.length - 1, Math.floor(delays.length * 0.99))] ?? 0;
  }

  longestBetween(from: number, to: number): number {
    return this.longestOf(({ acceptedAt }) => acceptedAt >= from && acceptedAt <= to);
  }

  between(from: number, to: number): readonly Delivery[] {
    return this.deliveries.filter(({ acceptedAt }) => acceptedAt >= from && acceptedAt <= to);
  }

  /** On the wire again after one reconnect, at most. */
  get againPerReconnectMax(): number {
    let max = 0;
    const counts = new Map<string, number>();
    for (const { user, kind } of this.parts.seen) {
      if (kind === 'welcome') counts.set(user, 0);
      if (kind !== 'again') continue;
      const count = (counts.get(user) ?? 0) + 1;
      counts.set(user, count);
      max = Math.max(max, count);
    }
    return max;
  }

  /** Ends of sessions that had been welcomed: a refused connect is none. */
  endings(): Ending[] {
    const nodes = new Map<string, string>();
    const endings: Ending[] = [];
    for (const { user, at, kind, code = 0, node = '' } of this.parts.seen) {
      if (kind === 'welcome') nodes.set(user, node);
      const last = nodes.get(user);
      if (kind !== 'closed' || last === undefined) continue;
      nodes.delete(user);
      endings.push({ user, at, code, node: last });
    }
    return endings;
  }

  /** How long after `from` the last of the users that were on `node` then was welcomed again. */
  movedWithinMs(node: string, from: number): number {
    const nodes = new Map<string, string>();
    const moved = new Map<string, number>();
    for (const { user, at, kind, node: where = '' } of this.parts.seen) {
      if (kind !== 'welcome') continue;
      if (at < from) nodes.set(user, where);
      else if (nodes.get(user) === node && !moved.has(user)) moved.set(user, at - from);
    }
    const expected = [...nodes.values()].filter((where) => where === node).length;
    return moved.size < expected ? Number.POSITIVE_INFINITY : Math.max(0, ...moved.values());
  }

  /**
   * Requests that were answered otherwise than with 202 or a 503 that names a time; a batch of which a part
   * was not taken is answered with 200 and says so item by item.
   */
  get wrongAnswers(): number {
    const { refusals, unhelpful } = this.parts.poster;
    const known = new Set(['200', '503', 'unreachable', 'cut']);
    return Object.entries(refusals).reduce((sum, [what, n]) => (known.has(what) ? sum : sum + n), unhelpful);
  }

  /** Requests that were not answered with 202. */
  get refusedInAll(): number {
    return Object.values(this.parts.poster.refusals).reduce((sum, count) => sum + count, 0);
  }

  refused(...kinds: readonly string[]): number {
    const { refusals } = this.parts.poster;
    return Object.entries(refusals).reduce((sum, [what, n]) => (kinds.includes(what) ? sum + n : sum), 0);
  }
}

function deliveriesOf({ posted, seen }: HistoryParts): Delivery[] {
  const answered = new Map(posted.map((one) => [one.id, one.answeredAt]));
  return seen.flatMap(({ kind, user, id = '', at }) => {
    const acceptedAt = answered.get(id);
    if (kind !== 'got' || acceptedAt === undefined) return [];
    return [{ user, acceptedAt, delayMs: Math.max(0, at - acceptedAt) }];
  });
}
