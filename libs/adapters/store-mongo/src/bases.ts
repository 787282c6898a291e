/**
 * The newest seq of each log that this process knows to be committed, for a while. Must only ever be told of
 * committed entries: the next seq is built upon it.
 */
import type { LogKey } from '@carillon/domain';
import type { Clock } from '@carillon/domain/ports';

const logsMax = 20_000;

interface Base {
  readonly seq: number;
  readonly knownAt: number;
}

export class Bases {
  readonly #byLog = new Map<LogKey, Base>();
  readonly #clock: Clock;
  readonly #freshMs: number;

  constructor(clock: Clock, freshMs: number) {
    this.#clock = clock;
    this.#freshMs = freshMs;
  }

  /** The committed seq to build upon, or undefined when the log must be read first. */
  fresh(log: LogKey): number | undefined {
    const base = this.#byLog.get(log);
    if (!base) return undefined;
    if (this.#clock.monotonic() - base.knownAt < this.#freshMs) return base.seq;
    this.#byLog.delete(log);
    return undefined;
  }

  /**
   * Notes a committed seq; a lower one than is known changes nothing. The log noted longest ago makes room.
   */
  raise(log: LogKey, seq: number): void {
    const known = this.#byLog.get(log);
    if (known && known.seq > seq) return;
    this.#byLog.delete(log);
    this.#byLog.set(log, { seq, knownAt: this.#clock.monotonic() });
    if (this.#byLog.size <= logsMax) return;
    for (const oldest of this.#byLog.keys()) {
      this.#byLog.delete(oldest);
      return;
    }
  }
}
