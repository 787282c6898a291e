/**
 * Asks what became of messages until that is final: a few at a time, soon after one was accepted, and
 * rarely while nothing changes. Must never ask more often because there are more of them.
 */
import { type Delivery, delivery } from './api.js';

/** A message and the user in whose delivery the page is interested. */
export interface Watched {
  readonly id: string;
  readonly user: string;
  readonly status: string;
}

const askedAtOnceMax = 4;
const askMinMs = 150;
const askMaxMs = 5_000;
const finalStatuses = new Set(['delivered', 'failed', 'expired', 'superseded', 'recalled', 'unknown']);

export class DeliveryWatch {
  /** In the order in which they are asked about. */
  private readonly waiting = new Map<string, Watched>();
  private pauseMs = askMinMs;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isAsking = false;

  /** `onNews` is called whenever a status has changed. */
  constructor(private readonly onNews: (id: string, news: Delivery) => void) {}

  add(watched: Watched): void {
    if (finalStatuses.has(watched.status)) return;
    this.waiting.set(watched.id, watched);
    const isDueSoon = this.timer !== undefined && this.pauseMs === askMinMs;
    this.pauseMs = askMinMs;
    if (!this.isAsking && !isDueSoon) this.schedule();
  }

  private schedule(): void {
    clearTimeout(this.timer);
    this.timer = this.waiting.size === 0 ? undefined : setTimeout(() => void this.ask(), this.pauseMs);
  }

  private async ask(): Promise<void> {
    this.isAsking = true;
    const asked = [...this.waiting.values()].slice(0, askedAtOnceMax);
    const news = await Promise.all(
      asked.map(async (one) => this.take(one, await delivery(one.id, one.user))),
    );
    this.pauseMs = news.includes(true) ? askMinMs : Math.min(2 * this.pauseMs, askMaxMs);
    this.isAsking = false;
    this.schedule();
  }

  /** Whether it was news. What is not final goes to the end of the line. */
  private take(one: Watched, answer: Delivery | undefined): boolean {
    const status = answer?.status ?? one.status;
    this.waiting.delete(one.id);
    if (!finalStatuses.has(status)) this.waiting.set(one.id, { ...one, status });
    if (answer === undefined || status === one.status) return false;
    this.onNews(one.id, answer);
    return true;
  }
}
