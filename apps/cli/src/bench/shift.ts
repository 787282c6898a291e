/**
 * The work of one thread from its first socket to its last figure. Must never hold back a figure because the
 * run was stopped.
 */
import { seededChance } from './chance.js';
import { Crowd } from './crowd.js';
import { Ledger } from './ledger.js';
import { now } from './moment.js';
import { patience, pause } from './pauses.js';
import type { Job } from './plan.js';
import { type Mark, Poster } from './poster.js';
import { type CountName, type Figures, Tally } from './tally.js';
import { Target } from './target.js';

/** What has been counted so far, for a progress bar. */
export type Counts = Readonly<Record<CountName, number>>;

/** A message that has not come after this has not come: a lost doorbell costs 15 s. */
const arrivalPatienceMs = 20_000;

export class Shift {
  readonly #job: Job;
  readonly #stopping = new AbortController();
  readonly #tally = new Tally();
  readonly #ledger = new Ledger();
  readonly #target: Target;
  readonly #chance: () => number;
  readonly #crowd: Crowd;

  constructor(job: Job) {
    this.#job = job;
    this.#chance = seededChance(job.seed);
    this.#target = new Target(job.url, job.key);
    this.#crowd = new Crowd({
      target: this.#target,
      tally: this.#tally,
      users: job.users,
      perSecond: job.socketsPerSecond,
      isOneAttempt: job.mode === 'connect',
      random: Math.random,
      onMessage: (user, message) => this.#arrive(user, message),
    });
  }

  get counts(): Counts {
    return this.#tally.counts;
  }

  /** Opens the sockets, if the mode has any. */
  async open(startedAtMs: number): Promise<void> {
    this.#tally.startedAtMs = startedAtMs;
    if (this.#job.mode !== 'send') await this.#crowd.open(this.#stopping.signal);
  }

  /** Posts and waits, or holds the sockets; then closes them. */
  async work(startedAtMs: number): Promise<Figures> {
    const { mode, durationMs, users } = this.#job;
    const { signal } = this.#stopping;
    if (mode === 'connect') await pause(durationMs, signal);
    else {
      this.#tally.startedAtMs = startedAtMs;
      const present = mode === 'send' ? [...users.keys()] : this.#crowd.present;
      await this.#post(present);
      // Stopped, nobody waits for what is on its way.
      if (mode === 'end-to-end') await patience(() => this.#ledger.waiting === 0, arrivalPatienceMs, signal);
    }
    this.#crowd.close();
    return this.#figures();
  }

  /** Ends every wait; what is being answered is waited for. */
  stop(): void {
    this.#stopping.abort();
  }

  #post(present: readonly number[]): Promise<void> {
    const ledger = this.#job.mode === 'send' ? undefined : this.#ledger;
    const { signal } = this.#stopping;
    const parts = { target: this.#target, tally: this.#tally, job: this.#job, chance: this.#chance };
    return new Poster({ ...parts, ledger, present }).run(signal);
  }

  #arrive(user: number, { seq, data }: { readonly seq?: number; readonly data?: unknown }): void {
    const { bench, n } = Object(data) as Partial<Mark>;
    // A message of somebody else, to all perhaps.
    if (bench !== this.#job.run || n === undefined || seq === undefined) return;
    const atMs = now();
    const tookMs = this.#ledger.arrived({ n, user, seq, atMs });
    if (tookMs === undefined) return;
    this.#tally.durations.handler.add(tookMs);
    this.#tally.mark('arrived', atMs);
  }

  #figures(): Figures {
    const { doubled, outOfOrder, misdirected, waiting } = this.#ledger;
    Object.assign(this.#tally.counts, { doubled, outOfOrder, misdirected, missing: waiting });
    this.#tally.missing = this.#ledger
      .missing()
      .map(({ id, user }) => ({ id, user: this.#job.users[user] ?? '' }));
    return this.#tally.figures();
  }
}
