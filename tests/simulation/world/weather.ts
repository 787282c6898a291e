/** How often each fault strikes: plain numbers, changed by the run's script. Decides nothing itself. */

/** Probabilities per call or message unless a unit is named; see the parts that ask for them. */
export interface Weather {
  readonly store: StoreWeather;
  readonly routes: { readonly lost: number; readonly answerLost: number; readonly slowMaxMs: number };
  readonly bus: { readonly lost: number; readonly doubled: number; readonly delayed: number };
  /** A message of a delayed bus, and a slow network, take up to so much longer. */
  readonly delayMs: number;
  /** How often a socket's message takes long. */
  readonly slowNet: number;
}

export interface StoreWeather {
  /** The command never arrives. */
  readonly lost: number;
  /** It is carried out, and the answer is lost. */
  readonly answerLost: number;
  /** The caller is told that the outcome is unknown, and the command is carried out up to so much later. */
  readonly late: number;
  readonly lateMaxMs: number;
  /** It is carried out, and the reply has an unmet write concern and leaves duplicates out. */
  readonly concernUnmet: number;
  readonly readRefused: number;
  /** The primary fails right after a write took effect, and a suffix of what was not committed with it. */
  readonly failover: number;
  /** Replication: a write is committed after up to so much. */
  readonly commitMaxMs: number;
}

export const calm: Weather = {
  store: {
    lost: 0,
    answerLost: 0,
    late: 0,
    lateMaxMs: 0,
    concernUnmet: 0,
    readRefused: 0,
    failover: 0,
    commitMaxMs: 4,
  },
  routes: { lost: 0, answerLost: 0, slowMaxMs: 60 },
  bus: { lost: 0, doubled: 0, delayed: 0 },
  delayMs: 0,
  slowNet: 0,
};
