/**
 * The slice of the configuration that holds the delivery's named limits and times;
 * every parameter of the domain.
 */
import { parameters } from '@carillon/domain';
import { limits } from '@carillon/wire';
import { z } from 'zod';
import { wholeNumber } from './config-option.js';

/**
 * What only adapters or nobody reads:
 * they keep to the domain's own values, so an option would promise too much.
 */
type Fixed =
  | 'antiEntropyLogsPerQuery'
  | 'purgeAfterMs'
  | 'writeTimeoutMs'
  | 'serverSelectionMs'
  | 'appendDeadlineMs'
  | 'baseCacheMs'
  | 'emptyAfterMs'
  | 'fanOutSlice'
  | 'receiptsKeptMs'
  | 'routeTtlMs'
  | 'scheduleClaimMs'
  | 'scheduleKeptMs';
type Parameter = Exclude<keyof typeof parameters, Fixed> | 'ttlDefaultMs';

/**
 * Milliseconds, bytes or counts, as the name's last word says.
 * Source: docs/reference/delivery.md, section 12.
 */
export type DeliveryConfig = Readonly<Record<Parameter, number>>;

const descriptions: Record<Parameter, string> = {
  ttlDefaultMs: 'Time to live of a message that names none.',
  antiEntropyMs: 'Push compares its sessions with the heads of their logs this often, less up to 30 %.',
  ackWindow: 'Most messages of one log that may be sent and unsettled on one session.',
  ackWindowBytes: 'Most bytes of one log that may be sent and unsettled on one session.',
  ackTimeoutMs: 'A session with something unsettled and no progress for this long is closed (4101).',
  drainTimeoutMs: 'A socket that takes no bytes for this long is closed (4101).',
  socketBacklogBytes: 'A pump waits while a socket has more than this unwritten.',
  heartbeatMs: 'The server pings each socket this often.',
  helloTimeoutMs: 'The first frame must arrive within this time after the upgrade.',
  verdictTimeoutMs: 'Push waits this long for the verdict on a token, Collect for that on an API key.',
  leaseTtlMs: 'Life of a Push node in the route table without a renewal.',
  leaseRenewMs: 'A Push node renews its lease this often.',
  routeReclaimMs: 'A Push node claims its routes again this often.',
  ringEntries: 'Entries of one log that a node keeps at hand.',
  ringBytes: 'Bytes of one log that a node keeps at hand.',
  ringsBytes: 'Bytes of all logs that a node keeps at hand.',
  ringFreshMs: 'An entry kept at hand for longer is read from the store again.',
  readPage: 'Entries per read of a log.',
  commitEntries: 'Entries of one commit at most.',
  commitBytes: 'Bytes of one commit at most.',
  commitsInFlight: 'Commits under way at once.',
  commitQueueEntries: 'Entries that may wait for a commit; above it requests get 503.',
  doorbellQueueEntries: 'Doorbells that wait for a Dispatch; beyond it the oldest is dropped.',
  doorbellQueueBytes: 'Bytes of doorbells that wait for a Dispatch; beyond it the oldest is dropped.',
  dispatchBatchesInFlight: 'Batches from one Collect to Dispatch under way at once.',
  dispatchTimeoutMs: 'Collect waits this long for the answer of a Dispatch.',
  dispatchAnnounceMs: 'Every Dispatch announces itself this often.',
  dispatchHeardMs: 'A Dispatch that was not heard for this long gets no batches.',
  busyForMs: 'Nodes that stay busy for this long make Collect refuse new messages.',
  dispatchAnswerMs: 'Dispatch answers Collect within this time, whatever happens.',
  pushBatchEntries: 'Entries of one batch to a node at most.',
  pushBatchBytes: 'Bytes of one batch to a node at most.',
  pushBatchesInFlight: 'Batches to one node under way at once.',
  pushTimeoutMs: 'Dispatch waits this long for the answer of a node.',
  redisCommandMs: 'A command to the route table may take this long.',
  receiptsFlushMs: 'Receipts and cursors are written this often.',
  topicCursorsFlushMs: 'Positions in topics are written this often, and when a socket closes.',
  unackedEntriesMax: 'An addressee for whom more messages wait refuses further ones (429).',
  drainMs: 'Clients are asked to move within this time when a node shuts down.',
  clockSkewMaxMs: 'A service whose clock differs from the store by more is not ready.',
  loopBlockedMs: 'A node whose event loop stood still for longer treats its lease as lost.',
};

const defaults: DeliveryConfig = { ...parameters, ttlDefaultMs: limits.ttlDefaultMs };

/** Bounds that are tighter than "positive"; the wire's own limits may only be lowered. */
const bounds: Partial<Record<Parameter, { readonly min?: number; readonly max?: number }>> = {
  ttlDefaultMs: { max: limits.ttlMaxMs },
  ackWindow: { max: limits.ackWindow },
  ackWindowBytes: { max: limits.ackWindowBytes },
  helloTimeoutMs: { max: limits.helloTimeoutMs * 2 },
  // A POST waits for it within its own deadline.
  verdictTimeoutMs: { max: parameters.appendDeadlineMs - 1_000 },
  // A route that is not claimed again within its time to live is gone.
  routeReclaimMs: { max: parameters.routeTtlMs / 2 },
};

const names = Object.keys(descriptions) as Parameter[];

/** One option per parameter, named `DELIVERY_…` in the environment. */
export const deliverySchema = z.strictObject(
  Object.fromEntries(
    names.map((name) => {
      const rule = { min: 1, max: 2_147_483_647, default: defaults[name], ...bounds[name] };
      return [name, wholeNumber(deliveryEnv(name), rule, descriptions[name])];
    }),
  ) as Record<Parameter, ReturnType<typeof wholeNumber>>,
);

/** Pairs in which the first must be less than the second: time-outs are nested. */
const nested: readonly (readonly [Parameter, Parameter])[] = [
  ['pushTimeoutMs', 'dispatchAnswerMs'],
  ['dispatchAnswerMs', 'dispatchTimeoutMs'],
  ['dispatchAnnounceMs', 'dispatchHeardMs'],
  ['leaseRenewMs', 'leaseTtlMs'],
  ['redisCommandMs', 'pushTimeoutMs'],
];

/** One sentence per pair that is not nested. */
export function nestingFaults(delivery: DeliveryConfig): string[] {
  return nested
    .filter(([inner, outer]) => delivery[inner] >= delivery[outer])
    .map(([inner, outer]) => {
      const [innerEnv, outerEnv] = [deliveryEnv(inner), deliveryEnv(outer)];
      const must = `must be less than ${outerEnv} (${delivery[outer]}), which waits for it`;
      return `${innerEnv} (${delivery[inner]}) ${must}`;
    });
}

function deliveryEnv(name: Parameter): string {
  return `DELIVERY_${name.replace(/[A-Z]/g, '_$&').toUpperCase()}`;
}
