// What a scenario is, what it is given and what it gives. One scenario per file; it must leave nothing
// running.
import type { Absent } from './contest.ts';
import type { Pins } from './pins.ts';
import type { Plot } from './plot.ts';
import type { Progress } from './progress.ts';
import type { Resources } from './resources.ts';
import type { Table } from './table.ts';
import type { Budget } from './verdict.ts';

export interface Bench {
  /** Of the load client. */
  readonly program: string;
  readonly pins: Pins;
  readonly rounds: number;
  readonly isQuick: boolean;
  readonly isHuge: boolean;
  /** Sockets that one process may hold here. */
  readonly socketsMax: number;
  readonly progress: Progress;
  /** Ended when the scenario ends. */
  readonly resources: Resources;
}

export interface Outcome {
  /** What was sent, acknowledged and stored, in sentences. */
  readonly setting: readonly string[];
  readonly tables: readonly Table[];
  readonly plots: readonly Plot[];
  readonly budgets: readonly Budget[];
  readonly absent: readonly Absent[];
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** One paragraph: what is asked and how. */
  readonly about: string;
  /** About so many seconds with `--quick`, and otherwise: fixed ones and those of each round. */
  readonly seconds: { readonly quick: Duration; readonly full: Duration };
  run(bench: Bench): Promise<Outcome>;
}

export interface Duration {
  readonly fixed: number;
  readonly perRound: number;
  /** More rounds than these are not made. */
  readonly roundsMax?: number;
}

/** What cannot be measured yet, and why; not a fault of the bench. */
export class NotMeasurable extends Error {}
