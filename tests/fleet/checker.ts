// Holds what every device wrote down against what every producer was promised: the invariants of
// docs/reference/delivery.md section 11 that an outsider can see. Must never look into the system.
import type { Posted } from './poster.ts';

/** A line of the fleet's log. Times are epoch milliseconds. */
export interface Seen {
  readonly user: string;
  readonly device: string;
  readonly at: number;
  readonly kind:
    | 'got'
    | 'again'
    | 'again-after-ack'
    | 'jump'
    | 'skip'
    | 'welcome'
    | 'closed'
    | 'silent'
    | 'frame';
  readonly seq?: number;
  readonly id?: string;
  readonly sentAt?: number;
  readonly replay?: boolean;
  readonly from?: number;
  readonly to?: number;
  readonly resumed?: boolean;
  readonly code?: number;
  /** Of a welcome. */
  readonly node?: string;
}

export interface Verdict {
  readonly acknowledged: number;
  readonly deliveries: number;
  /** I2: promised to a device and never there. */
  readonly missing: number;
  /** On the wire again, before the ack: allowed, at most a window per reconnect. */
  readonly again: number;
  /** On the wire again although acknowledged before. */
  readonly againAfterAck: number;
  /** I6 and I7: against the order in which they were promised, or not rising. */
  readonly outOfOrder: number;
  /** I4: one place, two ids. */
  readonly moved: number;
  /** I5: never promised to this user. A POST without an answer may deliver (I17) and does not count. */
  readonly strange: number;
  /** I16: continuity denied although nothing was ever purged. */
  readonly gaps: number;
  /** From acceptance to the device, milliseconds, for messages accepted outside of the excluded times. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** `excluded`: when a fault was healing; what was accepted then does not count for the latency. */
export function check(posted: readonly Posted[], seen: readonly Seen[], excluded: readonly Span[]): Verdict {
  const got = seen.filter((line) => line.kind === 'got');
  const byUser = Map.groupBy(got, (line) => line.user);
  const latencies = got
    .filter((line) => !excluded.some((span) => isWithin(line.sentAt ?? 0, span)))
    .map((line) => line.at - (line.sentAt ?? 0))
    .sort((one, other) => one - other);
  return {
    acknowledged: posted.length,
    deliveries: posted.reduce((sum, one) => sum + one.users.length, 0),
    missing: missing(posted, byUser),
    again: count(seen, 'again'),
    againAfterAck: count(seen, 'again-after-ack'),
    outOfOrder: outOfOrder(posted, byUser) + notRising(byUser),
    moved: moved(seen),
    strange: strange(posted, got),
    gaps: seen.filter((line) => line.kind === 'welcome' && line.resumed === false).length,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    maxMs: Math.max(0, ...got.map((line) => line.at - (line.sentAt ?? 0))),
  };
}

function missing(posted: readonly Posted[], byUser: ReadonlyMap<string, readonly Seen[]>): number {
  const ids = new Map([...byUser].map(([user, lines]) => [user, new Set(lines.map((line) => line.id))]));
  let absent = 0;
  for (const one of posted) for (const user of one.users) if (!ids.get(user)?.has(one.id)) absent++;
  return absent;
}

/** a was answered before b was posted, both to one user, yet b comes first in the user's log. */
function outOfOrder(posted: readonly Posted[], byUser: ReadonlyMap<string, readonly Seen[]>): number {
  const byId = new Map(posted.map((one) => [one.id, one]));
  let wrong = 0;
  for (const lines of byUser.values()) {
    const inOrder = [...lines].sort((one, other) => (one.seq ?? 0) - (other.seq ?? 0));
    let latestPost = 0;
    for (const line of inOrder) {
      const promise = byId.get(line.id ?? '');
      if (!promise) continue;
      if (promise.answeredAt < latestPost) wrong++;
      latestPost = Math.max(latestPost, promise.postedAt);
    }
  }
  return wrong;
}

/** Lines of one device are in the order in which it wrote them. */
function notRising(byUser: ReadonlyMap<string, readonly Seen[]>): number {
  let wrong = 0;
  for (const lines of byUser.values()) {
    let last = 0;
    for (const line of lines) {
      if ((line.seq ?? 0) <= last) wrong++;
      last = line.seq ?? 0;
    }
  }
  return wrong;
}

function moved(seen: readonly Seen[]): number {
  const ids = new Map<string, string>();
  let wrong = 0;
  for (const line of seen) {
    if (line.id === undefined) continue;
    const place = `${line.user} ${line.seq}`;
    if ((ids.get(place) ?? line.id) !== line.id) wrong++;
    ids.set(place, line.id);
  }
  return wrong;
}

function strange(posted: readonly Posted[], got: readonly Seen[]): number {
  const users = new Map(posted.map((one) => [one.id, new Set(one.users)]));
  return got.filter((line) => users.get(line.id ?? '')?.has(line.user) === false).length;
}

function count(seen: readonly Seen[], kind: Seen['kind']): number {
  return seen.filter((line) => line.kind === kind).length;
}

function isWithin(at: number, span: Span): boolean {
  return at >= span.from && at <= span.to;
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
