/**
 * Letters that were sent, in order. One that the server could not take is kept, across a reload too, and posted again
 * with the same key: it is never lost and never doubled.
 */
import { delivery, type Letter, post } from './api.js';

/** A letter and where it stands. */
export interface Posted {
  readonly key: string;
  readonly letter: Letter;
  readonly at: number;
  id?: string;
  /** sending, kept, refused or accepted; once accepted, the status of the delivery. */
  status: string;
  summary: string;
}

const storageKey = 'demo.outbox';
const retryMs = 1_500;
const postedMax = 200;
const askAfterMs = [150, 400, 1_000, 2_000, 4_000, 8_000, 16_000];
const finalStatuses = new Set(['delivered', 'failed', 'expired', 'superseded', 'recalled']);

export class Outbox {
  readonly posted: Posted[];
  private isPosting = false;

  constructor(private readonly onChange: () => void) {
    this.posted = JSON.parse(sessionStorage.getItem(storageKey) ?? '[]') as Posted[];
    for (const one of this.posted) if (one.id !== undefined) void this.follow(one);
    void this.postAll();
  }

  send(letter: Letter): void {
    const key = `demo-${crypto.randomUUID()}`;
    this.posted.push({ key, letter, at: Date.now(), status: 'sending', summary: 'on its way to Collect' });
    if (this.posted.length > postedMax) this.posted.shift();
    this.changed();
    void this.postAll();
  }

  /** One after the other, so that they arrive in the order in which they were sent. */
  private async postAll(): Promise<void> {
    if (this.isPosting) return;
    this.isPosting = true;
    for (let next = this.nextToPost(); next; next = this.nextToPost()) {
      const outcome = await post(next.letter, next.key);
      if (outcome.kind === 'accepted') {
        next.id = outcome.id;
        next.status = 'accepted';
        next.summary = 'stored, on its way';
        void this.follow(next);
      } else {
        next.status = outcome.kind;
        next.summary = outcome.kind === 'kept' ? `${outcome.why}: kept, will be sent later` : outcome.why;
      }
      this.changed();
      if (outcome.kind === 'kept') await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
    this.isPosting = false;
  }

  private nextToPost(): Posted | undefined {
    return this.posted.find((one) => one.id === undefined && one.status !== 'refused');
  }

  /** Asks what became of it until that is final, or for about half a minute. */
  private async follow(one: Posted): Promise<void> {
    const user = one.letter.to.replace(/^user:/, '');
    for (const waitMs of askAfterMs) {
      if (one.id === undefined || finalStatuses.has(one.status)) return;
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      const answer = await delivery(one.id, user);
      if (!answer) continue;
      one.status = answer.status;
      one.summary = answer.summary;
      this.changed();
    }
  }

  private changed(): void {
    sessionStorage.setItem(storageKey, JSON.stringify(this.posted));
    this.onChange();
  }
}
