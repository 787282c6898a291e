/**
 * Makes one call of many questions: what is asked while a call is out goes with the next one. No timers, so
 * a lone question waits for nothing. An answer is never older than its question.
 */
interface Waiting<Q, A> {
  readonly question: Q;
  readonly resolve: (answer: A) => void;
  readonly reject: (error: unknown) => void;
}

export interface PoolBounds {
  /** Questions of one call. */
  readonly questionsMax: number;
  readonly callsMax: number;
}

/** Waiting questions are as many as their askers: each session has one of a kind at a time. */
export class PooledCall<Q, A> {
  private waiting: Waiting<Q, A>[] = [];
  private calls = 0;

  /** `call` answers all questions in one: with a function that takes out the answer to each. */
  constructor(
    private readonly call: (questions: readonly Q[]) => Promise<(question: Q) => A>,
    private readonly bounds: PoolBounds,
  ) {}

  /** Rejects with what the call rejects with. */
  ask(question: Q): Promise<A> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ question, resolve, reject });
      if (this.waiting.length === 1) queueMicrotask(() => this.start());
    });
  }

  private start(): void {
    while (this.waiting.length > 0 && this.calls < this.bounds.callsMax) {
      const batch = this.waiting.slice(0, this.bounds.questionsMax);
      this.waiting = this.waiting.slice(batch.length);
      this.calls++;
      void this.answer(batch);
    }
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
