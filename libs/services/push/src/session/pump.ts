/**
 * Writes one log to one session, in order and without a gap: `seq == sent + 1` and nothing else. Live
 * delivery and replay are this one loop, so they cannot race. It never sets `sent` past an entry that was
 * not written, skipped or acknowledged, and holds at most a window unsettled. One that is idle costs next to
 * nothing.
 */
import {
  type DeviceKey,
  type Entry,
  fateOf,
  isUserLog,
  type LogKey,
  type UserKey,
  type Way,
  wireLog,
} from '@carillon/domain';
import type { Clock, ClockTrust } from '@carillon/domain/ports';
import { type Ack, encodeFrame, type SkipReason } from '@carillon/wire';
import type { PushOptions } from '../push-options.js';
import { type Framed, framed } from '../socket/framed.js';
import { type Flight, InFlight } from './in-flight.js';
import { type Moment, momentOf } from './moment.js';
import type { Page } from './page.js';
import { firstPageEntries, type PageReader } from './page-reader.js';
import { liveRangeMs, PumpReceipt } from './pump-receipt.js';
import type { Rings } from './ring.js';
import type { ReadyEntry, Volley } from './volley.js';

/** The session as its pumps see it. */
export interface Line {
  /** Of the connection. */
  readonly id: string;
  readonly user: UserKey;
  /** Undefined: an ephemeral one. */
  readonly device: DeviceKey | undefined;
  /** Open, and the socket has not more waiting than it should. */
  isWritable(): boolean;
  /** What is written in one turn leaves together. */
  write(frames: Framed): void;
  /** The same for what is all that its log has in this turn: it goes at once. */
  writeAlone(frames: Framed): void;
  /** Continuity broke: the client must resume, which proves it anew. */
  resync(reason: string): void;
  /** Something was sent or settled: the receipts want a flush. */
  touched(pump: Pump): void;
}

/** What all pumps of a node share. */
export interface PumpShare {
  readonly rings: Rings;
  readonly reader: PageReader;
  readonly clock: Clock;
  readonly trust: ClockTrust;
  readonly options: PushOptions;
  /** An entry was settled. */
  readonly onSettled: (
    way: Way,
    outcome: 'delivered' | 'failed' | 'unhandled',
    sinceAcceptedMs: number,
  ) => void;
  /** An entry could not be shown. */
  readonly onSkipped: (reason: string) => void;
}

/** A pump that waits for a flush; none any more where it has been flushed before its time. */
export interface WaitingPump {
  pump: Pump | undefined;
  /** Since when there is something to tell, monotonic. */
  readonly since: number;
}

export type AckVerdict = 'taken' | 'beyond-head';

/** Receipts of logs that many follow are flushed late, so they must be coarser. */
const lazyRangeMs = 1_000;
const noMishaps: readonly number[] = [];

export class Pump {
  /** Of the log of one user; of topics and `all` cursors and receipts may be written late. */
  readonly isInbox: boolean;
  /** Set while it waits for a flush of receipts. */
  waiting: WaitingPump | undefined;
  private receipt: PumpReceipt | undefined;
  private inFlight: InFlight | undefined;
  private page: Page | undefined;
  private pageNext = 0;
  private pageEntries = firstPageEntries;
  private fromSeq = -1;
  private sentSeq = -1;
  private settledSeq = -1;
  private headSeq = 0;
  /** Entries up to here were there before the session started. */
  private replayUntil = 0;
  /** Entries up to here were found by anti-entropy: their doorbell was lost. */
  private foundUntil = 0;
  private isReading = false;
  private isStarted = false;
  /** The first that was marked since the store was last asked, -1: none. A page may not say so. */
  private markedSeq = -1;
  /** It waits until the clock can be believed. */
  private isHeld = false;
  private progressAt = 0;

  constructor(
    readonly log: LogKey,
    readonly line: Line,
    private readonly share: PumpShare,
  ) {
    this.isInbox = isUserLog(log);
  }

  /** What came after it was written to this session, or acknowledged by it; nothing before. */
  get from(): number {
    return this.fromSeq;
  }

  get sent(): number {
    return this.sentSeq;
  }

  get settled(): number {
    return this.settledSeq;
  }

  get head(): number {
    return this.headSeq;
  }

  /** Before this the pump only notes how far the log goes. `page`: entries just read after `from`, if any. */
  start(from: number, head: number, page?: Page): void {
    this.fromSeq = from;
    this.sentSeq = from;
    this.settledSeq = from;
    this.replayUntil = head;
    this.headSeq = Math.max(this.headSeq, head);
    if (page) this.take(page);
    this.isStarted = true;
    this.run();
  }

  /** Nothing is written any more. */
  stop(): void {
    this.isStarted = false;
    this.page = undefined;
  }

  /**
   * Doorbells. @returns whether it has no more use for them (else: put them into the ring, then `run`).
   */
  hear(volley: Volley, moment: Moment): boolean {
    this.hearOf(volley.last);
    if (!this.isStarted) return false;
    if (volley.last <= this.sentSeq) return true;
    if (volley.first !== this.sentSeq + 1 || !this.hasRoomFor(volley)) return false;
    if (volley.expiresAt <= moment.wall) return false;
    this.put(volley.frames);
    this.depart(volley.flights, volley.bytes, moment);
    return true;
  }

  /** The log goes this far. */
  hearOf(seq: number): void {
    if (seq > this.headSeq) this.headSeq = seq;
  }

  /** Tells what is in no log, if it can be told now. */
  tell(frames: Framed): void {
    if (this.isStarted && this.line.isWritable()) this.put(frames);
  }

  /** The entry was marked: what was read before does not say so, nor does a page that is on its way. */
  forget(seq: number): void {
    if (seq <= this.sentSeq) return;
    this.page = undefined;
    if (this.markedSeq < 0 || seq < this.markedSeq) this.markedSeq = seq;
  }

  /** Whether the log goes further than this pump has heard. */
  isBehind(head: number): boolean {
    return this.isStarted && head > this.headSeq;
  }

  /** Anti-entropy knows that the log goes this far. @returns whether that was news. */
  find(head: number): boolean {
    if (!this.isBehind(head)) return false;
    this.headSeq = head;
    this.foundUntil = head;
    this.run();
    return true;
  }

  /**
   * Writes whatever may be written now. Called whenever something changed: a doorbell, an ack, a drained
   * socket.
   */
  run(): void {
    if (!this.isStarted || this.isReading) return;
    while (this.sentSeq < this.headSeq && this.hasRoom) {
      const kept = this.share.rings.get(this.log, this.sentSeq + 1);
      if (kept === undefined && this.skipUsedUp()) {
        void this.read();
        return;
      }
      const hasGoneOn = kept === undefined ? this.writeNextOfPage() : this.writeKept(kept);
      if (!hasGoneOn) return;
    }
  }

  /**
   * A cumulative ack, also of what another socket of the device was sent. `'beyond-head'`: of more than was
   * heard of, the store must be asked before `raise`. Means nothing to a pump that was not started, or was
   * stopped.
   */
  ack(seq: number, failed = noMishaps, unhandled = noMishaps): AckVerdict {
    if (!this.isStarted || seq <= this.settledSeq) return 'taken';
    if (seq > this.headSeq) return 'beyond-head';
    if (seq > this.sentSeq) this.sentSeq = seq;
    const after = this.settledSeq;
    const mishaps = { failed: within(failed, after, seq), unhandled: within(unhandled, after, seq) };
    this.settledSeq = seq;
    const now = this.share.clock.now();
    this.progressAt = this.share.clock.monotonic();
    this.noted.noteSettled({ from: after + 1, to: seq, at: now }, mishaps);
    this.inFlight?.settle(seq, ({ seq: one, acceptedAt, isSkip }) => {
      if (!isSkip) this.share.onSettled(this.wayOf(one), outcomeOf(one, mishaps), now - acceptedAt);
    });
    this.line.touched(this);
    this.run();
    return 'taken';
  }

  /** The same once the log is known to go to `head`. @returns false when the ack is beyond that too. */
  raise(ack: Pick<Ack, 'seq' | 'failed' | 'unhandled'>, head: number): boolean {
    this.hearOf(head);
    return this.ack(ack.seq, ack.failed, ack.unhandled) === 'taken';
  }

  /** All that there is to tell is what was sent: none of it has been settled yet. */
  get isUnanswered(): boolean {
    return this.receipt !== undefined && !this.receipt.hasSettled;
  }

  /** What the ledger has to be told since the last call. */
  takeReceipt(): ReturnType<PumpReceipt['take']> {
    const news = this.receipt?.take();
    this.receipt = undefined;
    return news;
  }

  /**
   * Called from time to time: a client that does not move keeps no entries in memory that would have to be
   * read again anyway, and what waited for the clock goes on.
   * @returns milliseconds for which something has been unsettled without any progress, 0 when nothing is
   */
  tend(nowMonotonic: number): number {
    if (this.page && this.isStale(this.page)) this.page = undefined;
    if (this.isHeld) this.run();
    return this.inFlight && this.inFlight.count > 0 ? nowMonotonic - this.progressAt : 0;
  }

  private get noted(): PumpReceipt {
    this.receipt ??= new PumpReceipt(this.isInbox ? liveRangeMs : lazyRangeMs);
    return this.receipt;
  }

  private get hasRoom(): boolean {
    return (
      this.sentSeq - this.settledSeq < this.share.options.ackWindow &&
      (this.inFlight?.bytes ?? 0) < this.share.options.ackWindowBytes &&
      this.line.isWritable()
    );
  }

  /** For all of it: a single entry may go beyond the window's bytes, as ever. */
  private hasRoomFor({ flights, bytes }: Volley): boolean {
    if (flights.length === 1) return this.hasRoom;
    return (
      this.sentSeq - this.settledSeq + flights.length <= this.share.options.ackWindow &&
      (this.inFlight?.bytes ?? 0) + bytes <= this.share.options.ackWindowBytes &&
      this.line.isWritable()
    );
  }

  private wayOf(seq: number): Way {
    if (seq <= this.replayUntil) return 'replay';
    return seq <= this.foundUntil ? 'anti-entropy' : 'live';
  }

  /** @returns false when the pump has to wait. */
  private writeKept(kept: Exclude<ReturnType<Rings['get']>, undefined>): boolean {
    if (typeof kept === 'string') this.skip(this.sentSeq + 1, kept);
    else if (kept.expiresAt > this.share.clock.now()) this.write(kept);
    else return this.expire(kept.seq);
    return true;
  }

  /** @returns false when the log does not go on where it should, or the pump has to wait. */
  private writeNextOfPage(): boolean {
    const page = this.page as Page;
    const entry = page.entries[this.pageNext] as Entry;
    if (entry.seq !== this.sentSeq + 1) {
      this.line.resync(`the log goes on at ${entry.seq}, not at ${this.sentSeq + 1}`);
      return false;
    }
    const fate = fateOf(entry, this.share.clock.now());
    if (fate === 'expired' && entry.mark !== 'emptied') return this.expire(entry.seq);
    if (fate === 'live') this.writeLive(page.readyAt(this.pageNext, entry.seq <= this.replayUntil));
    else this.skip(entry.seq, fate);
    return true;
  }

  private writeLive(entry: ReadyEntry | 'poison'): void {
    if (entry === 'poison') this.skip(this.sentSeq + 1, entry);
    else this.write(entry);
  }

  /** @returns false while nobody can tell what has expired: then the pump waits before this entry. */
  private expire(seq: number): boolean {
    this.isHeld = !this.share.trust.isTrusted;
    if (!this.isHeld) this.skip(seq, 'expired');
    return !this.isHeld;
  }

  private write({ frame, flights }: ReadyEntry): void {
    this.line.write(frame);
    this.depart(flights, frame.length, momentOf(this.share.clock));
  }

  /** What is told to many comes once per turn; an inbox may have more in this one. */
  private put(frames: Framed): void {
    if (this.isInbox) this.line.write(frames);
    else this.line.writeAlone(frames);
  }

  private skip(seq: number, reason: SkipReason): void {
    const frame = framed(encodeFrame({ type: 'skip', log: wireLog(this.log), from: seq, to: seq, reason }));
    this.line.write(frame);
    this.share.onSkipped(reason);
    const flight = { seq, bytes: frame.length, acceptedAt: 0, isSkip: true };
    this.depart([flight], flight.bytes, momentOf(this.share.clock));
  }

  private depart(flights: readonly Flight[], bytes: number, moment: Moment): void {
    this.inFlight ??= new InFlight();
    if (this.inFlight.count === 0) this.progressAt = moment.monotonic;
    this.inFlight.add(flights, bytes);
    const from = this.sentSeq + 1;
    const to = this.sentSeq + flights.length;
    this.sentSeq = to;
    if (!flights[0]?.isSkip) this.noted.noteSent({ from, to, at: moment.wall, way: this.wayOf(to) });
    this.line.touched(this);
  }

  /** @returns whether nothing is left of the page, or what is left is not to be trusted. */
  private skipUsedUp(): boolean {
    const page = this.page;
    if (!page) return true;
    while ((page.entries[this.pageNext]?.seq ?? Number.POSITIVE_INFINITY) <= this.sentSeq) this.pageNext++;
    const next = page.entries[this.pageNext];
    const isMarked = next !== undefined && this.markedSeq >= 0 && next.seq >= this.markedSeq;
    if (next && !isMarked && !this.isStale(page)) return false;
    this.page = undefined;
    return true;
  }

  private isStale(page: Page): boolean {
    return this.share.clock.monotonic() - page.readAt > this.share.options.ringFreshMs;
  }

  private async read(): Promise<void> {
    const head = this.headSeq;
    this.isReading = true;
    this.markedSeq = -1;
    const page = await this.share.reader.tryRead(this.log, this.sentSeq, this.pageEntries);
    this.isReading = false;
    if (!page) return; // the store is away: anti-entropy or the next doorbell tries again
    if (page.entries.length > 0) this.take(page);
    else if (this.headSeq === head) this.headSeq = this.sentSeq; // there was nothing behind what was heard
    this.run();
  }

  private take(page: Page): void {
    this.page = page;
    this.pageNext = 0;
    this.pageEntries = page.nextEntries;
  }
}

/** Those above `after`, up to `to`, each once. */
function within(seqs: readonly number[], after: number, to: number): readonly number[] {
  return seqs.length === 0 ? seqs : [...new Set(seqs)].filter((seq) => seq > after && seq <= to);
}

function outcomeOf(seq: number, mishaps: { failed: readonly number[]; unhandled: readonly number[] }) {
  if (mishaps.failed.includes(seq)) return 'failed' as const;
  return mishaps.unhandled.includes(seq) ? ('unhandled' as const) : ('delivered' as const);
}
