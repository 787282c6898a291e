/**
 * What happened in a run, in order, and what was wrong with it. Two runs of one seed write the same history,
 * byte for byte. Must never influence the run.
 */
import type { World } from './world.js';

export interface Violation {
  readonly rule: string;
  readonly text: string;
  readonly at: number;
}

/** More of them say nothing new. */
const violationsMax = 20;

export class History {
  readonly lines: string[] = [];
  readonly violations: Violation[] = [];
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  note(kind: string, ...facts: readonly (string | number | undefined)[]): void {
    this.lines.push(`${this.#world.time.toFixed(3)} ${kind} ${facts.join(' ')}`);
  }

  violate(rule: string, text: string): void {
    this.note('VIOLATION', rule, text);
    if (this.violations.length < violationsMax) this.violations.push({ rule, text, at: this.#world.time });
  }

  text(): string {
    return this.lines.join('\n');
  }
}
