/** Where a run stands, on standard error: a bar for a person, a line per phase for a log. */
import { SingleBar } from 'cli-progress';
import type { Desk } from '../desk.js';
import type { CrewWatcher } from './crew.js';
import { now } from './moment.js';
import type { Plan } from './plan.js';
import type { Counts } from './shift.js';

/** Ends with `done`, also after a fault. */
export class Progress implements CrewWatcher {
  readonly #plan: Plan;
  readonly #desk: Desk;
  #bar: SingleBar | undefined;
  #phase: 'open' | 'work' = 'open';
  #startedAtMs = 0;

  constructor(plan: Plan, desk: Desk) {
    this.#plan = plan;
    this.#desk = desk;
  }

  phase(name: 'open' | 'work'): void {
    this.done();
    this.#phase = name;
    this.#startedAtMs = now();
    if (name === 'open' && this.#plan.mode === 'send') return;
    const says = this.#sentence();
    if (!this.#desk.hasTerminal) this.#desk.say(`${says} …`);
    else {
      this.#bar = new SingleBar({
        format: `${says.padEnd(44)} {bar} {percentage} %  {counts}`,
        barsize: 24,
        barCompleteChar: '█',
        barIncompleteChar: '░',
        hideCursor: true,
        clearOnComplete: false,
        stream: process.stderr,
      });
      this.#bar.start(this.#total(), 0, { counts: '' });
    }
  }

  counts(counts: Counts): void {
    const told =
      this.#phase === 'open' || this.#plan.mode === 'connect'
        ? `${counts.opened} open`
        : `${counts.accepted} accepted, ${counts.arrived} arrived`;
    this.#bar?.update(Math.min(this.#total(), this.#reached(counts)), { counts: told });
  }

  done(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }

  #sentence(): string {
    const { mode, sockets, url, messages, durationMs, rate } = this.#plan;
    if (this.#phase === 'open') return `Opening ${sockets} sockets at ${new URL(url).host}`;
    if (mode === 'connect') return `Holding them for ${durationMs / 1_000} s`;
    const speed = rate === 'max' ? 'as fast as they are taken' : `at ${rate} per second`;
    return messages === undefined
      ? `Posting for ${durationMs / 1_000} s, ${speed}`
      : `Posting ${messages} messages, ${speed}`;
  }

  #total(): number {
    const { sockets, messages, durationMs } = this.#plan;
    if (this.#phase === 'open') return sockets;
    return messages ?? durationMs;
  }

  #reached({ opened, accepted }: Counts): number {
    if (this.#phase === 'open') return opened;
    return this.#plan.messages === undefined ? now() - this.#startedAtMs : accepted;
  }
}
