/** What a pump has to tell the ledger since the last flush, as ranges. Holds nothing older than one flush. */
import type { ReceiptAddition, TimedRange, Way } from '@carillon/domain';

type SentRange = ReceiptAddition['sent'][number];
type News = Pick<ReceiptAddition, 'sent' | 'settled' | 'failed' | 'unhandled'>;

/**
 * What was sent within this time shares a range: without it a fast log would outgrow its row, which the store
 * bounds.
 */
const rangeMs = 25;

export class PumpReceipt {
  private sent: SentRange[] = [];
  private settled: TimedRange[] = [];
  private failed: number[] = [];
  private unhandled: number[] = [];

  noteSent(seq: number, at: number, way: Way): void {
    const last = this.sent.at(-1);
    if (last && last.to === seq - 1 && at - last.at < rangeMs && last.way === way) {
      this.sent[this.sent.length - 1] = { ...last, to: seq };
    } else {
      this.sent.push({ from: seq, to: seq, at, way });
    }
  }

  noteSettled(range: TimedRange, mishaps: { failed: readonly number[]; unhandled: readonly number[] }): void {
    this.settled.push(range);
    this.failed.push(...mishaps.failed);
    this.unhandled.push(...mishaps.unhandled);
  }

  /** Hands over what has gathered and starts anew; undefined when there is nothing. */
  take(): News | undefined {
    if (this.sent.length === 0 && this.settled.length === 0) return undefined;
    const news = { sent: this.sent, settled: this.settled, failed: this.failed, unhandled: this.unhandled };
    this.sent = [];
    this.settled = [];
    this.failed = [];
    this.unhandled = [];
    return news;
  }
}
