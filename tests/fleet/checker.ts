// Holds what every device wrote down against what every producer was promised: the invariants of
// docs/reference/delivery.md section 11 that an outsider can see. Line by line, so that an hour fits into
// memory. Must never look into the system.
import { Column, quantile } from './column.ts';
import { Ledger } from './ledger.ts';
import type { Posted } from './poster.ts';

/** A line of the fleet's log. Times are epoch milliseconds. */
export interface Seen {
  readonly user: string;
  readonly device: string;
  readonly at: number;
  /** `start`: where another log than the user's begins; `token`: a newer one was taken. */
  readonly kind:
    | 'got'
    | 'again'
    | 'again-after-ack'
    | 'jump'
    | 'skip'
    | 'welcome'
    | 'start'
    | 'token'
    | 'closed'
    | 'silent'
    | 'frame';
  /** The user's own unless named. */
  readonly log?: string;
  readonly seq?: number;
  readonly id?: string;
  readonly sentAt?: number;
  readonly replay?: boolean;
  readonly from?: number;
  readonly to?: number;
  readonly reason?: string;
  readonly resumed?: boolean;
  readonly code?: number;
  /** Of a welcome. */
  readonly node?: string;
  readonly epoch?: string;
  /** Of the token that the session lives on. */
  readonly expiresAt?: number;
}

export interface Verdict {
  readonly acknowledged: number;
  /** Message × device that was to get it: who is named, and who followed the log when it was accepted. */
  readonly deliveries: number;
  /** I2: promised to a device and never there. */
  readonly missing: number;
  /** On the wire again, before the server could know of the ack: allowed, at most a window per reconnect. */
  readonly again: number;
  /** On the wire again although the socket's hello had acknowledged it. */
  readonly againAfterAck: number;
  /** Of one log after one reconnect, at most. */
  readonly againPerReconnectMax: number;
  /** I9: more than a window of one log again after one reconnect. */
  readonly beyondWindow: number;
  /** I6 and I7: against the order in which they were promised, or not rising. */
  readonly outOfOrder: number;
  /** I8: something was left out before it. */
  readonly jumps: number;
  /** I4: one place of one epoch, two ids. */
  readonly moved: number;
  /** I5: never promised to this user or log. A POST without an answer may deliver (I17), uncounted. */
  readonly strange: number;
  /** I16: continuity denied although nothing was ever purged. */
  readonly gaps: number;
  /** Places that were skipped, by the reason given. */
  readonly skips: Readonly<Record<string, number>>;
  /** The furthest that an acceptance time was before the POST or after the 202, milliseconds. */
  readonly stampOffMs: number;
  /** From acceptance to the device, milliseconds, for messages accepted outside of the excluded times. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface CheckOptions {
  /** When a fault was healing; what was accepted then does not count for the latency. */
  readonly excluded?: readonly Span[];
  /** What was accepted then was lost on purpose: a restore from an older backup. */
  readonly lost?: readonly Span[];
}

/** Unsettled per log at most. */
export const windowMax = 64;

export function check(posted: readonly Posted[], seen: readonly Seen[], excluded: readonly Span[]): Verdict {
  const checker = new Checker(new Ledger(posted), { excluded });
  for (const line of seen) checker.take(line);
  return checker.verdict();
}

/** One device in one log. */
interface Track {
  last: number;
  /** The latest POST among what came so far. */
  latestPost: number;
  /** Since the last start. */
  again: number;
  epoch: string;
  /** When it was first known that the device follows, and after which seq. */
  readonly followsSince: number;
  readonly followsFrom: number;
  /** Messages to many that it got, by their numbers. */
  readonly ofMany: Set<number>;
}

export class Checker {
  private readonly ledger: Ledger;
  private readonly options: CheckOptions;
  private readonly tracks = new Map<string, Map<string, Track>>();
  private readonly epochs = new Map<string, string>();
  /** By epoch and log; at a seq the number of its id. */
  private readonly places = new Map<string, number[]>();
  private readonly unknownIds = new Map<string, number>();
  private readonly filled: Uint8Array;
  private readonly seqsOfMany = new Map<number, number>();
  private readonly latencies = new Column();
  private readonly skips: Record<string, number> = {};
  private counts = { again: 0, againAfterAck: 0, beyondWindow: 0, outOfOrder: 0, jumps: 0, moved: 0 };
  private more = { strange: 0, gaps: 0, maxMs: 0, stampOffMs: 0, againPerReconnectMax: 0 };

  constructor(ledger: Ledger, options: CheckOptions = {}) {
    this.ledger = ledger;
    this.options = options;
    this.filled = new Uint8Array(ledger.slots);
  }

  /** Lines of one device in the order in which it wrote them. */
  take(line: Seen): void {
    const { kind, log = 'user' } = line;
    if (kind === 'welcome' || kind === 'start') this.begin(line, log);
    else if (kind === 'skip') this.skip(line, log);
    else if (kind === 'jump') this.counts.jumps++;
    if (line.id !== undefined && line.seq !== undefined) this.message(line, log, line.id);
  }

  verdict(): Verdict {
    const latencies = this.latencies.sorted();
    const { deliveries, missing } = this.owed();
    return {
      acknowledged: this.ledger.size,
      ...{ deliveries, missing, skips: this.skips },
      ...this.counts,
      ...this.more,
      p50Ms: quantile(latencies, 0.5),
      p99Ms: quantile(latencies, 0.99),
    };
  }

  private message(line: Seen, log: string, id: string): void {
    const number = this.place(line, log, id);
    if (line.kind === 'got') this.got(line, log, number);
    else if (line.kind !== 'jump') this.again(line, log);
  }

  private begin(line: Seen, log: string): void {
    if (line.kind === 'welcome' && line.epoch !== undefined) this.epochs.set(whoOf(line), line.epoch);
    const { from = 0, resumed, at } = line;
    if (resumed === false) this.more.gaps++;
    const track = this.trackOf(line, log, { followsSince: at, followsFrom: from });
    const epoch = this.epochs.get(whoOf(line)) ?? '';
    if (resumed === false && line.from !== undefined) track.last = line.from;
    if (track.epoch !== epoch) track.latestPost = 0;
    track.epoch = epoch;
    track.again = 0;
  }

  private skip(line: Seen, log: string): void {
    const { from = 0, to = 0, reason = 'none' } = line;
    const track = this.trackOf(line, log);
    this.skips[reason] = (this.skips[reason] ?? 0) + Math.max(0, to - Math.max(from - 1, track.last));
    track.last = Math.max(track.last, to);
  }

  private again(line: Seen, log: string): void {
    if (line.kind === 'again') this.counts.again++;
    else this.counts.againAfterAck++;
    const track = this.trackOf(line, log);
    track.again++;
    this.more.againPerReconnectMax = Math.max(this.more.againPerReconnectMax, track.again);
    if (track.again === windowMax + 1) this.counts.beyondWindow++;
  }

  private got(line: Seen, log: string, number: number): void {
    const { seq = 0, at, sentAt = 0 } = line;
    const track = this.trackOf(line, log);
    const isRising = seq > track.last;
    if (!isRising) this.counts.outOfOrder++;
    track.last = seq;
    this.more.maxMs = Math.max(this.more.maxMs, at - sentAt);
    if (!isWithinAny(sentAt, this.options.excluded)) this.latencies.push(at - sentAt);
    if (number < 0) return; // nobody was promised it, and nobody was told that it was refused for good
    this.fill(line, { log, number }, track);
    const { ledger } = this;
    if (isRising && ledger.answeredAt(number) < track.latestPost) this.counts.outOfOrder++;
    track.latestPost = Math.max(track.latestPost, ledger.postedAt(number));
    const offMs = Math.max(ledger.postedAt(number) - sentAt, sentAt - ledger.answeredAt(number));
    if (line.sentAt !== undefined) this.more.stampOffMs = Math.max(this.more.stampOffMs, offMs);
  }

  private fill(line: Seen, { log, number }: { log: string; number: number }, track: Track): void {
    if (log !== 'user') {
      if (!this.ledger.isTo(number, log)) this.more.strange++;
      track.ofMany.add(number);
      if (!this.seqsOfMany.has(number)) this.seqsOfMany.set(number, line.seq ?? 0);
      return;
    }
    const slot = this.ledger.slotOf(number, line.user);
    if (slot === undefined) this.more.strange++;
    else this.filled[slot] = 1;
  }

  /** @returns the number of the id, negative where nobody was promised it */
  private place(line: Seen, log: string, id: string): number {
    const number = this.ledger.numberOf(id) ?? this.unknown(id);
    const key = `${this.epochs.get(whoOf(line)) ?? ''} ${log === 'user' ? `user:${line.user}` : log}`;
    const places = madeIn(this.places, key, () => []);
    const seq = line.seq ?? 0;
    if ((places[seq] ?? number) !== number) this.counts.moved++;
    places[seq] = number;
    return number;
  }

  private unknown(id: string): number {
    const known = this.unknownIds.get(id);
    if (known !== undefined) return known;
    const number = -1 - this.unknownIds.size;
    this.unknownIds.set(id, number);
    return number;
  }

  private trackOf(
    line: Seen,
    log: string,
    { followsSince, followsFrom } = { followsSince: line.at, followsFrom: (line.seq ?? 1) - 1 },
  ): Track {
    const tracks = madeIn(this.tracks, whoOf(line), () => new Map<string, Track>());
    return madeIn(tracks, log, () => ({
      ...{ last: 0, latestPost: 0, again: 0, epoch: '' },
      ...{ followsSince, followsFrom, ofMany: new Set() },
    }));
  }

  private owed(): { deliveries: number; missing: number } {
    let deliveries = this.ledger.slots;
    let missing = 0;
    for (let number = 0; number < this.ledger.size; number++) {
      const { users, firstSlot } = this.ledger.addresseesOf(number);
      const absent = users.filter((_, at) => this.filled[firstSlot + at] === 0).length;
      if (absent > 0 && !this.isLost(number)) missing += absent;
    }
    for (const log of this.ledger.logsOfMany) {
      for (const tracks of this.tracks.values()) {
        const owed = this.owedOfMany(log, tracks.get(log));
        deliveries += owed.deliveries;
        missing += owed.missing;
      }
    }
    return { deliveries, missing };
  }

  /** A device is owed what was accepted while it was known to follow, unless it began after that place. */
  private owedOfMany(log: string, track: Track | undefined): { deliveries: number; missing: number } {
    let deliveries = 0;
    let missing = 0;
    for (const number of track ? this.ledger.toLog(log) : []) {
      const { followsSince, followsFrom, ofMany } = track as Track;
      const isBefore = (this.seqsOfMany.get(number) ?? Number.POSITIVE_INFINITY) <= followsFrom;
      if (isBefore || this.ledger.answeredAt(number) < followsSince) continue;
      deliveries++;
      if (!ofMany.has(number) && !this.isLost(number)) missing++;
    }
    return { deliveries, missing };
  }

  private isLost(number: number): boolean {
    return isWithinAny(this.ledger.answeredAt(number), this.options.lost);
  }
}

function whoOf({ user, device }: Seen): string {
  return `${user} ${device}`;
}

function madeIn<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

function isWithinAny(at: number, spans: readonly Span[] = []): boolean {
  return spans.some(({ from, to }) => at >= from && at <= to);
}
