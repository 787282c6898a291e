/** What a pump has to tell the ledger since it last did, as ranges. Holds nothing older than two flushes. */
import type { ReceiptAddition, TimedRange, Way } from '@carillon/domain';

/** A range that may still grow. */
interface SentRange extends TimedRange {
  to: number;
  readonly way: Way;
}
type News = Pick<ReceiptAddition, 'sent' | 'settled' | 'failed' | 'unhandled'>;

export const liveRangeMs = 25;
const nothing: readonly number[] = [];
const noSent: SentRange[] = [];
const noSettled: TimedRange[] = [];

export class PumpReceipt {
  private sent = noSent;
  private settled = noSettled;
  /** When the last of the settled ranges began. */
  private settledSince = 0;
  private failed = nothing;
  private unhandled = nothing;

  /**
   * What was sent, or settled, within `rangeMs` shares a range: without it a fast log would outgrow its row,
   * which the store bounds.
   */
  constructor(private readonly rangeMs = liveRangeMs) {}

  /** The range is this object's from now on. */
  noteSent(range: SentRange): void {
    const last = this.sent.at(-1);
    if (!last) this.sent = [range];
    else if (last.to === range.from - 1 && range.at - last.at < this.rangeMs && last.way === range.way) {
      last.to = range.to;
    } else this.sent.push(range);
  }

  noteSettled(range: TimedRange, mishaps: { failed: readonly number[]; unhandled: readonly number[] }): void {
    const last = this.settled.at(-1);
    if (last && last.to === range.from - 1 && range.at - this.settledSince < this.rangeMs) {
      this.settled[this.settled.length - 1] = { from: last.from, to: range.to, at: range.at };
    } else {
      if (last) this.settled.push(range);
      else this.settled = [range];
      this.settledSince = range.at;
    }
    if (mishaps.failed.length > 0) this.failed = [...this.failed, ...mishaps.failed];
    if (mishaps.unhandled.length > 0) this.unhandled = [...this.unhandled, ...mishaps.unhandled];
  }

  get hasSettled(): boolean {
    return this.settled.length > 0;
  }

  /** Hands over what has gathered and starts anew; undefined when there is nothing. */
  take(): News | undefined {
    if (this.sent.length === 0 && this.settled.length === 0) return undefined;
    const news = { sent: this.sent, settled: this.settled, failed: this.failed, unhandled: this.unhandled };
    this.sent = noSent;
    this.settled = noSettled;
    this.failed = nothing;
    this.unhandled = nothing;
    return news;
  }
}
