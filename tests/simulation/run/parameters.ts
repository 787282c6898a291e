/** Limits and times of a run. Holds numbers only. */

/** Smaller than in production, so that limits are met by few messages and time-outs by little time. */
export const parameters = {
  heartbeatMs: 4_000,
  antiEntropyMs: 6_000,
  ackTimeoutMs: 10_000,
  drainTimeoutMs: 8_000,
  leaseTtlMs: 4_000,
  leaseRenewMs: 1_200,
  ackWindow: 8,
  ringEntries: 8,
  ringFreshMs: 3_000,
  readPage: 10,
  commitEntries: 4,
  receiptsFlushMs: 500,
  topicCursorsFlushMs: 3_000,
  unackedEntriesMax: 20,
};

/** The same for those that are no options in production. */
export const fixedTimes = { scheduleClaimMs: 3_000, emptyAfterMs: 2_000 };

/** Clocks that are trusted are off by less than this, as wrong ones here are; production tolerates 5 s. */
export const clockToleranceMs = 2_500;
