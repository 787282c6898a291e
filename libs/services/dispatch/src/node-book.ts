/**
 * What Dispatch remembers of nodes that did not answer: they are skipped until they renew their lease.
 * Bounded, and forgotten with the lease: that costs one unanswered request.
 */
import type { Incarnation } from '@carillon/domain';
import { Clock, type Route } from '@carillon/domain/ports';
import { Injectable } from '@nestjs/common';
import { DispatchOptions } from './dispatch-options.js';

/** Nodes that are remembered; beyond it the one that was noted longest ago is forgotten. */
const nodesMax = 1_000;

interface Silence {
  /** The lease under which it did not answer. */
  readonly leaseToken: string;
  /** It has renewed its lease since an earlier silence: it lives and cannot keep up. */
  readonly isAlive: boolean;
  readonly at: number;
}

/** `'ask'`; or leave it out, and whether that counts as refused by a node that is alive. */
export type NodeVerdict = 'ask' | 'skip' | 'refuses';

@Injectable()
export class NodeBook {
  private readonly silences = new Map<Incarnation, Silence>();

  constructor(
    private readonly clock: Clock,
    private readonly options: DispatchOptions,
  ) {}

  verdict({ incarnation, leaseToken }: Route): NodeVerdict {
    const silence = this.silenceOf(incarnation);
    if (silence?.leaseToken !== leaseToken) return 'ask';
    return silence.isAlive ? 'refuses' : 'skip';
  }

  /** It took a batch, or said that it is busy. */
  answered({ incarnation }: Route): void {
    this.silences.delete(incarnation);
  }

  /** Nobody listens: the incarnation is gone, or not here yet. */
  unheard(route: Route): void {
    this.note(route, false);
  }

  /** @returns whether it counts as refused: the lease was renewed since an earlier silence. */
  timedOut(route: Route): boolean {
    const before = this.silenceOf(route.incarnation);
    const isAlive = before !== undefined && (before.isAlive || before.leaseToken !== route.leaseToken);
    this.note(route, isAlive);
    return isAlive;
  }

  /** Nodes that are skipped now. */
  get skippedCount(): number {
    return [...this.silences.keys()].filter((incarnation) => this.silenceOf(incarnation)).length;
  }

  /** Older than a lease: the node has a new one by now, or no routes that count. */
  private silenceOf(incarnation: Incarnation): Silence | undefined {
    const silence = this.silences.get(incarnation);
    return silence && this.clock.monotonic() - silence.at <= this.options.leaseTtlMs ? silence : undefined;
  }

  private note({ incarnation, leaseToken }: Route, isAlive: boolean): void {
    this.silences.delete(incarnation);
    this.silences.set(incarnation, { leaseToken, isAlive, at: this.clock.monotonic() });
    if (this.silences.size <= nodesMax) return;
    const [oldest] = this.silences.keys();
    if (oldest !== undefined) this.silences.delete(oldest);
  }
}
