/**
 * Makes one call of many questions: what is asked while a call is out goes with the next one. No timers, so
 * a lone question waits for nothing but the end of its turn. An answer is never older than its question.
 */
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
   * When a call begins. Unless given, after the task that asked; with `nextTurn` of a clock, after all input
   * that was there, so that what many sockets ask in one turn goes out together.
   */
  readonly begin?: (start: () => void) => void;
}

/** Waiting questions are as many as their askers: each session has one of a kind and log at a time. */
export class PooledCall<Q, A> {
  private readonly waiting = new Map<unknown, Waiting<Q, A>>();
  private calls = 0;

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
    if (this.waiting.size === 1) (this.bounds.begin ?? queueMicrotask)(() => this.start());
    return answer;
  }

  private start(): void {
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
    this.start();
  }
}
