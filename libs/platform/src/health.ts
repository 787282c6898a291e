/** Whether a process may be given work. Says what is away, never why in the words of a driver. */

export interface Readiness {
  readonly ready: boolean;
  /** Name of each dependency → `ok` or what is the matter. */
  readonly checks: Record<string, string>;
}

interface Check {
  readonly check: () => Promise<void>;
  readonly isRequired: boolean;
}

/** A dependency that answers later than this counts as away. */
const checkLimitMs = 1_000;

export class Health {
  readonly #checks = new Map<string, Check>();
  #isStarted = false;
  #isDraining = false;

  /**
   * A dependency: the check rejects while it is away. The process is then not ready, unless `isRequired` is
   * false: such a dependency is only reported.
   */
  addCheck(name: string, check: () => Promise<void>, isRequired = true): void {
    this.#checks.set(name, { check, isRequired });
  }

  /** From now on the process listens. */
  setStarted(): void {
    this.#isStarted = true;
  }

  /** Not ready from now on, for ever: it takes no new work. */
  setDraining(): void {
    this.#isDraining = true;
  }

  get isStarted(): boolean {
    return this.#isStarted;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Runs all checks at once, 1 s at most. Never rejects. */
  async readiness(): Promise<Readiness> {
    const known = [...this.#checks];
    const verdicts = await Promise.all(known.map(([, { check }]) => verdict(check)));
    const isMissing = known.some(([, { isRequired }], at) => isRequired && verdicts[at] !== 'ok');
    const checks = Object.fromEntries(known.map(([name], at) => [name, verdicts[at] ?? 'unavailable']));
    if (this.#isDraining) checks.process = 'draining';
    else if (!this.#isStarted) checks.process = 'starting';
    return { ready: !isMissing && checks.process === undefined, checks };
  }
}

async function verdict(check: () => Promise<void>): Promise<string> {
  const limit = Promise.withResolvers<string>();
  const timer = setTimeout(() => limit.resolve(`no answer in ${checkLimitMs} ms`), checkLimitMs);
  const outcome = Promise.resolve()
    .then(check)
    // The reason is in the logs of whoever owns the dependency; a probe only needs to know that it is away.
    .then(
      () => 'ok',
      () => 'unavailable',
    );
  try {
    return await Promise.race([outcome, limit.promise]);
  } finally {
    clearTimeout(timer);
  }
}
