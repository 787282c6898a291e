/**
 * Starts and ends Dispatch with its process: announces itself each second and after a reconnect, and listens
 * on its own subject. At the end it first falls silent, then finishes what it holds.
 */
import { type DispatchAnnouncement, subjects, toJsonBytes } from '@carillon/domain';
import { Bus, Clock, repeat, type Subscription, sleep, type Timer } from '@carillon/domain/ports';
import { Health } from '@carillon/platform';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { DispatchOptions } from './dispatch-options.js';
import { Dispatcher } from './dispatcher.js';

/** How often the end looks whether the last batches are answered. */
const idleCheckMs = 20;

@Injectable()
export class DispatchLife implements OnApplicationBootstrap, OnApplicationShutdown {
  private announcements: Timer | undefined;
  private subscription: Subscription | undefined;

  constructor(
    private readonly bus: Bus,
    private readonly dispatcher: Dispatcher,
    private readonly health: Health,
    private readonly clock: Clock,
    private readonly options: DispatchOptions,
  ) {}

  onApplicationBootstrap(): void {
    this.subscription = this.bus.subscribe(subjects.dispatch(this.options.id), (message) =>
      this.dispatcher.take(message),
    );
    this.announcements = repeat(
      this.clock,
      () => this.options.dispatchAnnounceMs,
      () => this.announce(),
    );
    this.bus.onReconnect(() => this.announce());
    this.announce();
    this.health.addCheck('bus', () => this.bus.ping());
  }

  async onApplicationShutdown(): Promise<void> {
    this.announcements?.cancel();
    const until = this.clock.monotonic() + this.options.dispatchAnswerMs;
    while (!this.dispatcher.isIdle && this.clock.monotonic() < until) await sleep(this.clock, idleCheckMs);
    this.subscription?.unsubscribe();
  }

  private announce(): void {
    const { id } = this.options;
    this.bus.publish(subjects.dispatchAnnouncements, toJsonBytes({ id } satisfies DispatchAnnouncement));
  }
}
