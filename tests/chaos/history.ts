// What became of a run, as the fleet and the poster wrote it down and the store has it: the figures that rows
// are judged by. Times are epoch milliseconds; a delay counts from the 202.
import { Checker, type Seen, type Span, type Verdict } from '../fleet/checker.ts';
import { Column, quantile } from '../fleet/column.ts';
import type { Ledger } from '../fleet/ledger.ts';
import type { PosterStatus } from '../fleet/poster.ts';
import type { StoreVerdict } from './dump.ts';
import type { Expected } from './row.ts';

export interface HistoryParts {
  readonly ledger: Ledger;
  /** Walked through once. */
  readonly seen: Iterable<Seen>;
  readonly store: StoreVerdict;
  readonly poster: PosterStatus;
  readonly liveShare: number;
  /** What the row is about is no violation. */
  readonly expects?: readonly Expected[];
  readonly lost?: readonly Span[];
}

export interface Ending {
  readonly user: string;
  readonly at: number;
  readonly code: number;
  readonly node: string;
}

export class History {
  readonly parts: Omit<HistoryParts, 'seen'>;
  readonly verdict: Verdict;
  /** What is not about a single message. */
  readonly lines: readonly Seen[];
  private readonly acceptedAts = new Column();
  private readonly delays = new Column();

  constructor({ seen, ...parts }: HistoryParts) {
    this.parts = parts;
    const checker = new Checker(parts.ledger, { lost: parts.lost ?? [] });
    const lines: Seen[] = [];
    for (const line of seen) {
      checker.take(line);
      if (line.kind === 'got') this.note(line);
      else if (line.kind !== 'again') lines.push(line);
    }
    this.lines = lines;
    this.verdict = checker.verdict();
  }

  /** Everything that no fault may bring about, added up. */
  get violations(): number {
    const { missing, againAfterAck, beyondWindow, outOfOrder, jumps, moved, strange } = this.verdict;
    const { holes, lost, doubles } = this.parts.store;
    const seen = missing + againAfterAck + beyondWindow + outOfOrder + jumps + moved + strange;
    return seen + holes + lost + doubles + this.gaps + this.skipped;
  }

  /** Resumes denied, where the row is not about that. */
  get gaps(): number {
    return this.isExpected('gaps') ? 0 : this.verdict.gaps;
  }

  /** Places skipped, where the row is not about that: nothing that is posted expires or is taken back. */
  get skipped(): number {
    if (this.isExpected('skips')) return 0;
    return Object.values(this.verdict.skips).reduce((sum, count) => sum + count, 0);
  }

  get longestMs(): number {
    return this.longestBetween(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
  }

  /** Of what was accepted in this time; 0 when nothing was. */
  p99Between(from: number, to: number): number {
    return quantile(this.between(from, to).sorted(), 0.99);
  }

  longestBetween(from: number, to: number): number {
    return this.between(from, to).sorted().at(-1) ?? 0;
  }

  /** How many of what was accepted in this time were there within `ms`, of 1. */
  shareWithin(ms: number, from: number, to: number): number {
    const delays = this.between(from, to).sorted();
    return delays.filter((delay) => delay < ms).length / Math.max(1, delays.length);
  }

  /** Delays of what was accepted in this time, in milliseconds. */
  between(from: number, to: number): Column {
    const found = new Column();
    for (let at = 0; at < this.delays.length; at++) {
      const acceptedAt = this.acceptedAts.at(at);
      if (acceptedAt >= from && acceptedAt <= to) found.push(this.delays.at(at));
    }
    return found;
  }

  /** On the wire again after one reconnect, at most. */
  get againPerReconnectMax(): number {
    return this.verdict.againPerReconnectMax;
  }

  /** Ends of sessions that had been welcomed: a refused connect is none. */
  endings(): Ending[] {
    const nodes = new Map<string, string>();
    const endings: Ending[] = [];
    for (const { user, at, kind, code = 0, node = '' } of this.lines) {
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
    for (const { user, at, kind, node: where = '' } of this.lines) {
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

  private note({ id = '', at }: Seen): void {
    const number = this.parts.ledger.numberOf(id);
    if (number === undefined) return;
    const acceptedAt = this.parts.ledger.answeredAt(number);
    this.acceptedAts.push(acceptedAt);
    this.delays.push(Math.max(0, at - acceptedAt));
  }

  private isExpected(what: Expected): boolean {
    return this.parts.expects?.includes(what) ?? false;
  }
}
