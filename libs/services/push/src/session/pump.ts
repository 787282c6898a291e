/**
 * Writes one log to one session, in order and without a gap: `seq == sent + 1` and nothing else. Live
 * delivery and replay are this one loop, so they cannot race. It never sets `sent` past an entry that it has
 * not written or skipped, and holds at most a window unsettled.
 */
import {
  type DoorbellView,
  type Entry,
  entryFrame,
  type Fate,
  fateOf,
  type LogKey,
  type Way,
  wireLog,
} from '@carillon/domain';
import type { Clock } from '@carillon/domain/ports';
import { type Ack, encodeFrame } from '@carillon/wire';
import type { PushOptions } from '../push-options.js';
import { InFlight } from './in-flight.js';
import { firstPageEntries, type Page, type PageReader } from './page-reader.js';
import { PumpReceipt } from './pump-receipt.js';
import type { Rings } from './ring.js';

/** The session as its pumps see it. */
export interface Line {
  /** Open, and the socket has not more waiting than it should. */
  isWritable(): boolean;
  write(frame: string | Uint8Array): void;
  /** Continuity broke: the client must resume, which proves it anew. */
  resync(reason: string): void;
  /** Something was sent or settled: the receipts want a flush. */
  touched(): void;
}

/** What all pumps of a node share. */
export interface PumpShare {
  readonly rings: Rings;
  readonly reader: PageReader;
  readonly clock: Clock;
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

export type AckVerdict = 'taken' | 'beyond-sent';

export class Pump {
  readonly receipt = new PumpReceipt();
  private sentSeq = -1;
  private settledSeq = -1;
  private headSeq = 0;
  /** Entries up to here were there before the session started. */
  private replayUntil = 0;
  /** Entries up to here were found by anti-entropy: their doorbell was lost. */
  private foundUntil = 0;
  private readonly inFlight = new InFlight();
  private page: Page | undefined;
  private pageEntries = firstPageEntries;
  private isReading = false;
  private isStarted = false;
  private progressAt = 0;

  constructor(
    readonly log: LogKey,
    private readonly line: Line,
    private readonly share: PumpShare,
  ) {}

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
    this.sentSeq = from;
    this.settledSeq = from;
    this.replayUntil = head;
    this.headSeq = Math.max(this.headSeq, head);
    if (page) this.take(page);
    this.isStarted = true;
    this.run();
  }

  /**
   * A doorbell. @returns whether this pump has no more use for it (else: put it into the ring, then `run`).
   */
  hear(bell: DoorbellView): boolean {
    if (bell.seq > this.headSeq) this.headSeq = bell.seq;
    if (!this.isStarted) return false;
    if (bell.seq <= this.sentSeq) return true;
    if (bell.seq !== this.sentSeq + 1 || !this.hasRoom) return false;
    this.writeBell(bell);
    return true;
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
      const bell = this.share.rings.get(this.log, this.sentSeq + 1);
      if (bell) {
        this.writeBell(bell);
        continue;
      }
      const entry = this.nextOfPage();
      if (!entry) {
        void this.read();
        return;
      }
      if (!this.writeEntry(entry)) return;
    }
  }

  /** A cumulative ack. `'beyond-sent'`: more than was sent, the head must be asked before `raise`. */
  ack(seq: number, failed: readonly number[] = [], unhandled: readonly number[] = []): AckVerdict {
    if (seq > this.sentSeq) return 'beyond-sent';
    if (seq <= this.settledSeq) return 'taken';
    const after = this.settledSeq;
    const isNew = (one: number) => one > after && one <= seq;
    const mishaps = { failed: failed.filter(isNew), unhandled: unhandled.filter(isNew) };
    this.settledSeq = seq;
    const now = this.share.clock.now();
    this.progressAt = this.share.clock.monotonic();
    this.receipt.noteSettled({ from: after + 1, to: seq, at: now }, mishaps);
    for (const flight of this.inFlight.settle(seq)) {
      if (!flight.isSkip) {
        this.share.onSettled(this.wayOf(flight.seq), outcomeOf(flight.seq, mishaps), now - flight.acceptedAt);
      }
    }
    this.line.touched();
    this.run();
    return 'taken';
  }

  /**
   * An ack of what another socket of this device was sent; `head` is the log's. @returns false when the ack
   * is beyond that too.
   */
  raise(ack: Pick<Ack, 'seq' | 'failed' | 'unhandled'>, head: number): boolean {
    if (!this.isStarted || ack.seq > Math.max(head, this.sentSeq)) return false;
    if (ack.seq > this.sentSeq) this.sentSeq = ack.seq;
    if (head > this.headSeq) this.headSeq = head;
    this.ack(ack.seq, ack.failed, ack.unhandled);
    return true;
  }

  /** A client that does not move keeps no entries in memory that would have to be read again anyway. */
  dropStalePage(): void {
    if (this.page && this.isStale(this.page)) this.page = undefined;
  }

  /** Milliseconds for which something has been unsettled without any progress, 0 when nothing is. */
  stalledMs(nowMonotonic: number): number {
    return this.inFlight.count === 0 ? 0 : nowMonotonic - this.progressAt;
  }

  private get hasRoom(): boolean {
    return (
      this.sentSeq - this.settledSeq < this.share.options.ackWindow &&
      this.inFlight.bytes < this.share.options.ackWindowBytes &&
      this.line.isWritable()
    );
  }

  private wayOf(seq: number): Way {
    if (seq <= this.replayUntil) return 'replay';
    return seq <= this.foundUntil ? 'anti-entropy' : 'live';
  }

  private writeBell(bell: DoorbellView): void {
    if (bell.expiresAt <= this.share.clock.now()) this.skip(bell.seq, 'expired');
    else this.write(bell.seq, bell.frame, bell.acceptedAt);
  }

  /** @returns false when the log does not go on where it should. */
  private writeEntry(entry: Entry): boolean {
    if (entry.seq !== this.sentSeq + 1) {
      this.line.resync(`the log goes on at ${entry.seq}, not at ${this.sentSeq + 1}`);
      return false;
    }
    const fate = fateOf(entry, this.share.clock.now());
    if (fate !== 'live') this.skip(entry.seq, fate);
    else this.write(entry.seq, entryFrame(entry, entry.seq <= this.replayUntil), entry.acceptedAt);
    return true;
  }

  private write(seq: number, frame: string | Uint8Array, acceptedAt: number): void {
    this.line.write(frame);
    this.depart({ seq, bytes: Buffer.byteLength(frame), acceptedAt, isSkip: false });
  }

  private skip(seq: number, reason: Exclude<Fate, 'live'>): void {
    const frame = encodeFrame({ type: 'skip', log: wireLog(this.log), from: seq, to: seq, reason });
    this.line.write(frame);
    this.share.onSkipped(reason);
    this.depart({ seq, bytes: frame.length, acceptedAt: 0, isSkip: true });
  }

  private depart(flight: { seq: number; bytes: number; acceptedAt: number; isSkip: boolean }): void {
    if (this.inFlight.count === 0) this.progressAt = this.share.clock.monotonic();
    this.inFlight.add(flight);
    this.sentSeq = flight.seq;
    if (!flight.isSkip) this.receipt.noteSent(flight.seq, this.share.clock.now(), this.wayOf(flight.seq));
    this.line.touched();
  }

  private nextOfPage(): Entry | undefined {
    const page = this.page;
    if (!page) return undefined;
    if (this.isStale(page)) {
      this.page = undefined;
      return undefined;
    }
    let entry = page.entries[page.next];
    while (entry && entry.seq <= this.sentSeq) entry = page.entries[++page.next];
    if (!entry) this.page = undefined;
    else page.next++;
    return entry;
  }

  private isStale(page: Page): boolean {
    return this.share.clock.monotonic() - page.readAt > this.share.options.ringFreshMs;
  }

  private async read(): Promise<void> {
    const head = this.headSeq;
    this.isReading = true;
    const page = await this.share.reader.tryRead(this.log, this.sentSeq, this.pageEntries);
    this.isReading = false;
    if (!page) return; // the store is away: anti-entropy or the next doorbell tries again
    if (page.entries.length > 0) this.take(page);
    else if (this.headSeq === head) this.headSeq = this.sentSeq; // there was nothing behind what was heard
    this.run();
  }

  private take(page: Page): void {
    this.page = page;
    this.pageEntries = page.nextEntries;
  }
}

function outcomeOf(seq: number, mishaps: { failed: readonly number[]; unhandled: readonly number[] }) {
  if (mishaps.failed.includes(seq)) return 'failed' as const;
  return mishaps.unhandled.includes(seq) ? ('unhandled' as const) : ('delivered' as const);
}
