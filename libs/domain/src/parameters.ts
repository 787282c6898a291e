/**
 * Named limits and times of the delivery (docs/reference/delivery.md, section 12). Time-outs are nested: an
 * outer one is longer than what it waits for.
 */
const day = 86_400_000;

export const parameters = {
  /** Push compares its sessions with the heads of their logs this often, less up to 30 %. */
  antiEntropyMs: 15_000,
  antiEntropyLogsPerQuery: 200,
  /** A session has at most this much unsettled per log. */
  ackWindow: 64,
  ackWindowBytes: 262_144,
  /** Something unsettled and no progress for this long: slow consumer. */
  ackTimeoutMs: 30_000,
  drainTimeoutMs: 20_000,
  socketBacklogBytes: 65_536,
  heartbeatMs: 25_000,
  helloTimeoutMs: 5_000,
  verdictTimeoutMs: 2_000,
  leaseTtlMs: 10_000,
  leaseRenewMs: 3_000,
  routeTtlMs: day,
  routeReclaimMs: day / 3,
  ringEntries: 64,
  ringBytes: 262_144,
  ringsBytes: 134_217_728,
  /** An entry in a ring older than this is read from the store again. */
  ringFreshMs: 15_000,
  readPage: 100,
  /** Collect's group commit. */
  commitEntries: 128,
  commitBytes: 524_288,
  commitsInFlight: 2,
  commitQueueEntries: 2_000,
  baseCacheMs: 10_000,
  appendDeadlineMs: 5_000,
  writeTimeoutMs: 3_000,
  serverSelectionMs: 3_000,
  /** Collect → Dispatch. */
  doorbellQueueEntries: 4_096,
  doorbellQueueBytes: 33_554_432,
  dispatchBatchesInFlight: 2,
  dispatchTimeoutMs: 2_000,
  dispatchAnnounceMs: 1_000,
  dispatchHeardMs: 3_000,
  busyForMs: 2_000,
  /** Dispatch → Push. */
  dispatchAnswerMs: 1_000,
  pushBatchEntries: 64,
  pushBatchBytes: 524_288,
  pushBatchesInFlight: 4,
  pushTimeoutMs: 500,
  redisCommandMs: 200,
  receiptsFlushMs: 250,
  receiptsKeptMs: 30 * day,
  /**
   * Cursors of topics and of `all` may lag this long; they are written at the latest when the socket closes.
   */
  topicCursorsFlushMs: 60_000,
  /** Fan-out goes on in a later turn after so many sockets. */
  fanOutSlice: 500,
  /** An addressee with more waiting than this refuses new messages. */
  unackedEntriesMax: 10_000,
  /** Messages for later. */
  scheduleClaimMs: 30_000,
  scheduleKeptMs: day,
  /** Content of an expired entry is removed this long after. */
  emptyAfterMs: day,
  drainMs: 25_000,
  /** Purge touches nothing younger than this (R). */
  purgeAfterMs: 30 * day,
  /** Beyond this difference to the store's clock a service is not ready. */
  clockSkewMaxMs: 5_000,
  /** An event loop that stood still for longer treats its own lease as lost. */
  loopBlockedMs: 10_000,
} as const;
