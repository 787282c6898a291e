// Says on standard error what is being measured and how long it may still take. Must never write to
// standard output: what is there is for programs.
import type { Duration, Scenario } from './scenario.ts';

const secondsPerMinute = 60;

/** What is known about the length of a run. */
export interface Length {
  readonly isQuick: boolean;
  readonly rounds: number;
}

export class Progress {
  private readonly scenarios: readonly Scenario[];
  private readonly length: Length;
  private readonly write: (line: string) => void;
  private readonly nowMs: () => number;
  private at = -1;
  private began = 0;
  private share = 0;

  constructor(
    scenarios: readonly Scenario[],
    length: Length,
    { write, nowMs }: { readonly write: (line: string) => void; readonly nowMs: () => number },
  ) {
    this.scenarios = scenarios;
    this.length = length;
    this.write = write;
    this.nowMs = nowMs;
  }

  /** The next scenario begins. */
  next(): void {
    this.at += 1;
    this.began = this.nowMs();
    this.share = 0;
    this.say(this.scenarios[this.at]?.title ?? '');
  }

  say(text: string): void {
    const { name = '' } = this.scenarios[this.at] ?? {};
    this.write(`[${this.at + 1}/${this.scenarios.length}] ${name}: ${text}; ${this.estimate()} left`);
  }

  round(round: number, rounds: number, text: string): void {
    this.share = round / rounds;
    this.say(`round ${round} of ${rounds}: ${text}`);
  }

  private estimate(): string {
    const seconds = Math.max(0, this.rest() + this.following());
    return seconds < secondsPerMinute
      ? `about ${Math.round(seconds)} s`
      : `about ${Math.round(seconds / secondsPerMinute)} min`;
  }

  /** Of this scenario: what was announced, or what the time of its rounds so far says. */
  private rest(): number {
    const elapsed = (this.nowMs() - this.began) / 1000;
    const announced = secondsOf(this.scenarios[this.at], this.length);
    const expected = this.share > 0 ? elapsed / this.share : announced;
    return Math.max(0, expected - elapsed);
  }

  private following(): number {
    return this.scenarios
      .slice(this.at + 1)
      .reduce((sum, scenario) => sum + secondsOf(scenario, this.length), 0);
  }
}

/** The length that a scenario announces. */
export function secondsOf(scenario: Scenario | undefined, { isQuick, rounds }: Length): number {
  if (!scenario) return 0;
  const {
    fixed,
    perRound,
    roundsMax = rounds,
  }: Duration = isQuick ? scenario.seconds.quick : scenario.seconds.full;
  return fixed + perRound * Math.min(rounds, roundsMax);
}
