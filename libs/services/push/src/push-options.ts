/** What Push needs to know from the configuration, as one value that Nest can inject. Holds no behaviour. */
import type { Incarnation } from '@carillon/domain';

export class PushOptions {
  /** This boot of this node. */
  readonly incarnation!: Incarnation;
  readonly node!: string;
  readonly heartbeatMs!: number;
  readonly helloTimeoutMs!: number;
  readonly verdictTimeoutMs!: number;
  readonly antiEntropyMs!: number;
  readonly ackTimeoutMs!: number;
  readonly drainTimeoutMs!: number;
  readonly leaseTtlMs!: number;
  readonly leaseRenewMs!: number;
  readonly loopBlockedMs!: number;
  readonly routeReclaimMs!: number;
  readonly receiptsFlushMs!: number;
  readonly topicCursorsFlushMs!: number;
  readonly fanOutSlice!: number;
  readonly drainMs!: number;
  readonly ackWindow!: number;
  readonly ackWindowBytes!: number;
  readonly socketBacklogBytes!: number;
  readonly ringFreshMs!: number;
  readonly ringEntries!: number;
  readonly ringBytes!: number;
  readonly ringsBytes!: number;
  readonly readPage!: number;
  readonly connectionsMax!: number;
  /** Sockets of one client address. */
  readonly socketsPerAddressMax!: number;
  readonly instancesPerUserMax!: number;
  readonly devicesPerUserMax!: number;
  /** Upgrades per second that the node admits, and how many at once. */
  readonly admissionPerSecond!: number;
  readonly admissionBurst!: number;
}
