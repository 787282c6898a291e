/**
 * The node's ears for topics and `all`: it listens to a log's subject while somebody here follows the log,
 * and a little longer, so that clients that come back find it open. Holds no doorbell.
 */
import { type LogKey, PooledCall, subjects } from '@carillon/domain';
import { Bus, Clock, PortError, type Subscription, type Timer } from '@carillon/domain/ports';
import { Injectable } from '@nestjs/common';
import { DoorbellConsumer } from './doorbell-consumer.js';

const lingerMs = 5_000;
const bounds = { questionsMax: Number.POSITIVE_INFINITY, callsMax: 1 };

interface Ear {
  readonly subscription: Subscription;
  /** Resolves when it is in place. */
  readonly ready: Promise<void>;
  linger: Timer | undefined;
}

@Injectable()
export class LogSubjects {
  private readonly ears = new Map<LogKey, Ear>();
  /** What was subscribed before the bus answers is in place then; one answer serves all. */
  private readonly answers;

  constructor(
    private readonly bus: Bus,
    private readonly clock: Clock,
    private readonly consumer: DoorbellConsumer,
  ) {
    this.answers = new PooledCall<LogKey, void>(async () => {
      await this.ping();
      return () => {};
    }, bounds);
  }

  /**
   * Somebody follows the log. Resolves when its doorbells come in, or the bus is away: what is read from the
   * store afterwards leaves no gap (A5).
   */
  open(log: LogKey): Promise<void> {
    const known = this.ears.get(log);
    known?.linger?.cancel();
    if (known) return known.ready;
    const subscription = this.bus.subscribe(subjects.log(log), (message) =>
      this.consumer.takeOf(log, message),
    );
    const ear: Ear = { subscription, ready: this.answers.ask(log), linger: undefined };
    this.ears.set(log, ear);
    return ear.ready;
  }

  /** Nobody follows the log any more. */
  leave(log: LogKey): void {
    const ear = this.ears.get(log);
    if (!ear) return;
    ear.linger?.cancel();
    ear.linger = this.clock.after(lingerMs, () => this.close(log));
  }

  stop(): void {
    for (const log of [...this.ears.keys()]) this.close(log);
  }

  private close(log: LogKey): void {
    const ear = this.ears.get(log);
    ear?.linger?.cancel();
    ear?.subscription.unsubscribe();
    this.ears.delete(log);
  }

  private async ping(): Promise<void> {
    try {
      await this.bus.ping();
    } catch (error) {
      if (!(error instanceof PortError)) throw error; // then anti-entropy finds what is missed
    }
  }
}
