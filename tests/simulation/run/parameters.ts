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
  readPage: 10,
  commitEntries: 4,
  receiptsFlushMs: 500,
};
