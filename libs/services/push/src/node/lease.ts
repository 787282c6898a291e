/**
 * The node's lease: while it is kept, the node's routes count. Whatever suggests that the table lost it, or
 * that this process stood still, ends in the same remedy: claim everybody again, then compare every log with
 * the store.
 */
import { Clock, PortError, RouteTable, repeat, type Timer } from '@carillon/domain/ports';
import { Injectable } from '@nestjs/common';
import { AntiEntropy } from '../delivery/anti-entropy.js';
import { PushOptions } from '../push-options.js';
import { Registry } from '../session/registry.js';
import { OwnRoutes } from './own-routes.js';

@Injectable()
export class Lease {
  private timer: Timer | undefined;
  private beatAt = 0;
  private claimedAt = 0;
  private isRenewing = false;
  /** The lost answer may have said that the table forgot us. */
  private wasUnanswered = false;
  private hasEnded = false;

  constructor(
    private readonly routes: RouteTable,
    private readonly clock: Clock,
    private readonly options: PushOptions,
    private readonly registry: Registry,
    private readonly own: OwnRoutes,
    private readonly antiEntropy: AntiEntropy,
  ) {}

  async start(): Promise<void> {
    this.beatAt = this.clock.monotonic();
    this.own.onLeaseLost = () => void this.renew();
    await this.renew();
    this.timer = repeat(
      this.clock,
      () => this.options.leaseRenewMs,
      () => this.renew(),
    );
  }

  /** Renews now: the lease gets a new token. Never rejects. */
  async renew(): Promise<void> {
    if (this.isRenewing || this.hasEnded) return;
    this.isRenewing = true;
    const now = this.clock.monotonic();
    const stoodStill = now - this.beatAt > this.options.loopBlockedMs;
    this.beatAt = now;
    try {
      const state = await this.routes.renewLease(this.options.incarnation, this.options.leaseTtlMs);
      const isStale = now - this.claimedAt > this.options.routeReclaimMs;
      const hasFailed = this.own.takeFailure() || this.wasUnanswered;
      this.wasUnanswered = false;
      if (state === 'lost' || stoodStill || isStale || hasFailed) await this.recover(now);
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      this.wasUnanswered = true; // the next beat tries again
    } finally {
      this.isRenewing = false;
    }
  }

  /** Ends the lease: this node's routes do not count from now on. Never rejects. */
  async end(): Promise<void> {
    this.hasEnded = true;
    this.timer?.cancel();
    await this.own.idle();
    try {
      await this.routes.endLease(this.options.incarnation);
    } catch (error) {
      if (!(error instanceof PortError)) throw error; // it runs out by itself
    }
  }

  private async recover(now: number): Promise<void> {
    this.claimedAt = now;
    await this.own.claimAll(this.registry.users());
    void this.antiEntropy.compareAll(); // the next beat must not wait for a store that is slow
  }
}
