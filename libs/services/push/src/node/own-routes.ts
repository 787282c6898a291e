/**
 * This node's routes: which users should be found here. Claims and releases of one user never overtake each
 * other: one batch is out at a time and carries the newest wish. Only this class writes routes.
 */
import type { UserKey } from '@carillon/domain';
import { Clock, LeaseExpired, PortError, RouteTable } from '@carillon/domain/ports';
import { Injectable } from '@nestjs/common';
import { PushLog } from '../push-log.js';
import { PushOptions } from '../push-options.js';

interface Wish {
  readonly isHere: boolean;
  readonly waiting: (() => void)[];
}

@Injectable()
export class OwnRoutes {
  private wishes = new Map<UserKey, Wish>();
  private underWay: ReadonlyMap<UserKey, Wish> = new Map();
  private isBusy = false;
  private hasFailed = false;
  private readonly onIdle: (() => void)[] = [];
  /** Called when a claim was refused because the lease is gone. */
  onLeaseLost: () => void = () => {};

  constructor(
    private readonly routes: RouteTable,
    private readonly options: PushOptions,
    private readonly clock: Clock,
    private readonly log: PushLog,
  ) {}

  /**
   * Resolves once the claim is made, or the table turned out to be away: then asking all nodes finds the
   * user.
   */
  claim(user: UserKey): Promise<void> {
    return new Promise((resolve) => {
      this.wish(user, true, resolve);
    });
  }

  release(user: UserKey): void {
    this.wish(user, false);
  }

  /** Claims many at once, as after a lost lease. */
  async claimAll(users: readonly UserKey[]): Promise<void> {
    this.log.registeredAgain(users.length);
    await Promise.all(users.map((user) => this.claim(user)));
  }

  /** Whether something about this user has still to be written. */
  isPending(user: UserKey): boolean {
    return this.wishes.has(user) || this.underWay.has(user);
  }

  /** Resolves when nothing is left to write. */
  async idle(): Promise<void> {
    while (this.isBusy || this.wishes.size > 0) {
      await new Promise<void>((resolve) => {
        this.onIdle.push(resolve);
      });
    }
  }

  /** Whether a write failed since the last call: then everybody should be claimed again. */
  takeFailure(): boolean {
    const failed = this.hasFailed;
    this.hasFailed = false;
    return failed;
  }

  private wish(user: UserKey, isHere: boolean, resolve?: () => void): void {
    const waiting = this.wishes.get(user)?.waiting ?? [];
    if (resolve) waiting.push(resolve);
    this.wishes.set(user, { isHere, waiting });
    if (!this.isBusy) {
      this.isBusy = true;
      this.clock.nextTurn(() => void this.work()); // what this turn wishes goes out together
    }
  }

  private async work(): Promise<void> {
    while (this.wishes.size > 0) {
      const batch = this.wishes;
      this.underWay = batch;
      this.wishes = new Map();
      const here = [...batch].filter(([, wish]) => wish.isHere).map(([user]) => user);
      const gone = [...batch].filter(([, wish]) => !wish.isHere).map(([user]) => user);
      await Promise.all([
        here.length > 0 && this.attempt(() => this.routes.claim(this.options.incarnation, here)),
        gone.length > 0 && this.attempt(() => this.routes.release(this.options.incarnation, gone)),
      ]);
      for (const wish of batch.values()) for (const resolve of wish.waiting) resolve();
    }
    this.underWay = new Map();
    this.isBusy = false;
    for (const resolve of this.onIdle.splice(0)) resolve();
  }

  /**
   * A table that is away is no failure: the next lease that is kept or lost, or anti-entropy, claims again.
   */
  private async attempt(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      this.hasFailed = true;
      if (error instanceof LeaseExpired) this.onLeaseLost();
    }
  }
}
