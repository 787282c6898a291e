/**
 * Makes one call of many questions: what is asked while a call is out goes with the next one. No timers, so
 * a lone question waits for nothing but the end of its turn. An answer is never older than its question.
 */
import type { Clock } from './ports/clock.js';

interface Waiting<Q, A> {
  readonly question: Q;
  readonly answer: Promise<A>;
  readonly resolve: (answer: A) => void;
  readonly reject: (error: unknown) => void;
}

export interface PoolBounds {
  /** Questions of one call. */
  readonly questionsMax: number;
  readonly callsMax: number;
  /**
   * With a clock a call begins in its next turn, after all input that was there: what many sockets ask in one
   * turn goes out together. Unless given, it begins after the task that asked.
   */
  readonly clock?: Pick<Clock, 'nextTurn'>;
  /**
   * So many turns are waited for at most, as long as each brings another question and there is room for it. 0
   * unless given.
   */
  readonly turnsMax?: number;
}

/** Waiting questions are as many as their askers: each session has one of a kind and log at a time. */
export class PooledCall<Q, A> {
  private readonly waiting = new Map<unknown, Waiting<Q, A>>();
  private calls = 0;
  private isStarting = false;

  /**
   * `call` answers all questions in one: with a function that takes out the answer to each. Waiting questions
   * with the same `keyOf` are one question.
   */
  constructor(
    private readonly call: (questions: readonly Q[]) => Promise<(question: Q) => A>,
    private readonly bounds: PoolBounds,
    private readonly keyOf: (question: Q) => unknown = (question) => question,
  ) {}

  /** Rejects with what the call rejects with. */
  ask(question: Q): Promise<A> {
    const key = this.keyOf(question);
    const asked = this.waiting.get(key);
    if (asked) return asked.answer;
    const { promise: answer, resolve, reject } = Promise.withResolvers<A>();
    this.waiting.set(key, { question, answer, resolve, reject });
    if (!this.isStarting) this.startSoon();
    return answer;
  }

  /** `known`: how many questions waited a turn ago. */
  private startSoon(turnsLeft = this.bounds.turnsMax ?? 0, known = 0): void {
    const { clock, questionsMax } = this.bounds;
    this.isStarting = true;
    const begin = () => {
      const { size } = this.waiting;
      if (turnsLeft > 0 && size > known && size < questionsMax) this.startSoon(turnsLeft - 1, size);
      else this.start();
    };
    if (clock) clock.nextTurn(begin);
    else queueMicrotask(begin);
  }

  private start(): void {
    this.isStarting = false;
    while (this.waiting.size > 0 && this.calls < this.bounds.callsMax) {
      this.calls++;
      void this.answer(this.takeBatch());
    }
  }

  private takeBatch(): Waiting<Q, A>[] {
    const batch: Waiting<Q, A>[] = [];
    for (const [key, one] of this.waiting) {
      batch.push(one);
      this.waiting.delete(key);
      if (batch.length === this.bounds.questionsMax) break;
    }
    return batch;
  }

  private async answer(batch: readonly Waiting<Q, A>[]): Promise<void> {
    try {
      const pick = await this.call(batch.map(({ question }) => question));
      for (const { question, resolve } of batch) resolve(pick(question));
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    this.calls--;
    if (this.waiting.size === 0 || this.isStarting) return;
    if (this.bounds.turnsMax) this.startSoon();
    else this.start();
  }
}
