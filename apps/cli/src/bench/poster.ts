/**
 * Posts the messages of one thread at a rate or as fast as they are answered. Must never post faster than it
 * was asked to, nor again before a `Retry-After` is over.
 */
import type { Ledger, Posting } from './ledger.js';
import { now } from './moment.js';
import { pause } from './pauses.js';
import type { Job } from './plan.js';
import type { Tally } from './tally.js';
import type { Item, Outcome, Refused, Target } from './target.js';

/** What a poster works with. */
export interface PosterOptions {
  readonly target: Target;
  readonly tally: Tally;
  /** Undefined where nobody listens: then nothing has to arrive. */
  readonly ledger: Ledger | undefined;
  readonly job: Job;
  /** Indexes of the users that messages go to. */
  readonly present: readonly number[];
  readonly chance: () => number;
}

/** What a message of ours is known by when it arrives. */
export interface Mark {
  readonly bench: string;
  readonly n: number;
}

interface Letter extends Posting {
  readonly item: Item;
}

/** Attempts for one message, the first one included. */
export const attemptsMax = 5;

export class Poster {
  readonly #options: PosterOptions;
  #messages = 0;
  #requests = 0;
  #startedAtMs = 0;

  constructor(options: PosterOptions) {
    this.#options = options;
  }

  /** Resolves when everything was posted and answered. Stopped, it ends with what is on its way. */
  async run(stopped: AbortSignal): Promise<void> {
    const { job, present } = this.#options;
    if (present.length === 0) return;
    this.#startedAtMs = now();
    await Promise.all(Array.from({ length: job.concurrency }, () => this.#lane(stopped)));
  }

  async #lane(stopped: AbortSignal): Promise<void> {
    while (!stopped.aborted) {
      const size = this.#nextSize();
      const dueAtMs = this.#dueAtMs();
      const endAtMs = this.#startedAtMs + this.#options.job.durationMs;
      if (size === 0 || dueAtMs >= endAtMs) return;
      const request = this.#requests++;
      const letters = Array.from({ length: size }, () => this.#letter(request));
      await pause(dueAtMs - now(), stopped);
      if (!stopped.aborted) await this.#deliver(letters, stopped);
    }
  }

  /** How many messages the next request has; 0 when there are none left. */
  #nextSize(): number {
    const { batch, messages } = this.#options.job;
    return messages === undefined ? batch : Math.min(batch, messages - this.#messages);
  }

  /** When the next request is due. */
  #dueAtMs(): number {
    const { messagesPerSecond } = this.#options.job;
    if (messagesPerSecond === undefined) return now();
    return Math.max(now(), this.#startedAtMs + (this.#messages / messagesPerSecond) * 1_000);
  }

  #letter(request: number): Letter {
    const { job, present, chance } = this.#options;
    const n = this.#messages++;
    const user = present[Math.floor(chance() * present.length)] ?? 0;
    const name = job.users[user] ?? '';
    const data = padded({ bench: job.run, n }, job.bytes);
    return { n, user, request, item: { key: `${name}-${n}`, to: name, data } };
  }

  async #deliver(letters: readonly Letter[], stopped: AbortSignal): Promise<void> {
    const { tally, ledger, target } = this.#options;
    let left = letters;
    tally.counts.posted += letters.length;
    for (let attempt = 1; ; attempt += 1) {
      const atMs = now();
      for (const letter of left) ledger?.sent(letter, atMs);
      const outcomes = await target.post(left.map(({ item }) => item));
      const { again, waitMs } = this.#note(left, outcomes, atMs);
      left = again;
      if (left.length === 0) return;
      if (attempt < attemptsMax) await pause(waitMs, stopped);
      if (attempt < attemptsMax && !stopped.aborted) continue;
      for (const letter of left) this.#abandon(letter);
      return;
    }
  }

  /** Takes the answers down. What may be tried again comes back, and when. */
  #note(letters: readonly Letter[], outcomes: readonly Outcome[], sentAtMs: number) {
    const { tally, ledger } = this.#options;
    const atMs = now();
    const again: Letter[] = [];
    let waitMs = 0;
    if (outcomes.some(({ kind }) => kind === 'accepted')) tally.durations.answer.add(atMs - sentAtMs);
    for (const [at, letter] of letters.entries()) {
      const outcome = outcomes[at];
      if (outcome?.kind === 'accepted') {
        tally.mark('accepted', atMs);
        ledger?.accepted(letter.n, outcome.id, atMs);
      } else if (outcome) {
        if (this.#refuse(letter, outcome)) again.push(letter);
        waitMs = Math.max(waitMs, outcome.retryAfterMs);
      }
    }
    return { again, waitMs };
  }

  /** True where another attempt makes sense. */
  #refuse(letter: Letter, { code, isRetryable }: Refused): boolean {
    this.#options.tally.code('messagesRefused', code);
    if (!isRetryable) this.#abandon(letter);
    return isRetryable;
  }

  #abandon({ n }: Letter): void {
    this.#options.tally.counts.abandoned += 1;
    this.#options.ledger?.abandoned(n);
  }
}

/** `data` of so many bytes as JSON text, or of what the mark takes. */
function padded(mark: Mark, bytes: number): Mark & { readonly pad: string } {
  const empty = { ...mark, pad: '' };
  return { ...mark, pad: 'x'.repeat(Math.max(0, bytes - JSON.stringify(empty).length)) };
}
