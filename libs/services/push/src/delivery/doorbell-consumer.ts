/**
 * Takes doorbells off the bus and gives each to the pumps of its log. What a pump cannot take at once waits
 * in the ring. Answers with the users that are not here; never waits for a socket. A node that is busy takes
 * them all the same and says so: reading them from the store later would cost it more.
 */
import {
  type DoorbellView,
  logUser,
  type PushAnswer,
  readDoorbells,
  subjects,
  toJsonBytes,
  type UserKey,
} from '@carillon/domain';
import { Bus, type BusMessage, type Subscription } from '@carillon/domain/ports';
import { Injectable } from '@nestjs/common';
import { LoopWatch } from '../node/loop-watch.js';
import { PushLog } from '../push-log.js';
import { PushOptions } from '../push-options.js';
import { Registry } from '../session/registry.js';
import { Rings } from '../session/ring.js';

/** Collect is told to slow down. */
const busy: PushAnswer = { outcome: 'busy' };

@Injectable()
export class DoorbellConsumer {
  private subscriptions: Subscription[] = [];

  constructor(
    private readonly bus: Bus,
    private readonly registry: Registry,
    private readonly rings: Rings,
    private readonly loop: LoopWatch,
    private readonly options: PushOptions,
    private readonly log: PushLog,
  ) {}

  start(): void {
    const take = (message: BusMessage) => this.take(message);
    const own = subjects.push(this.options.incarnation);
    this.subscriptions = [this.bus.subscribe(own, take), this.bus.subscribe(subjects.everyPush, take)];
  }

  stop(): void {
    for (const subscription of this.subscriptions) subscription.unsubscribe();
  }

  private take(message: BusMessage): void {
    const gone = new Set<UserKey>();
    for (const bell of this.bellsOf(message)) {
      const user = logUser(bell.log);
      if (!this.ring(bell) && user) gone.add(user);
    }
    message.reply(toJsonBytes(this.loop.isBusy ? busy : takenWith(gone)));
  }

  /** None of a batch of another version, as during an upgrade: anti-entropy finds what it would have told. */
  private bellsOf(message: BusMessage): readonly DoorbellView[] {
    try {
      return readDoorbells(message.data);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.log.unreadable(error);
      return [];
    }
  }

  /** @returns whether anybody here follows the log. */
  private ring(bell: DoorbellView): boolean {
    const followers = this.registry.followers(bell.log);
    if (!followers) return false;
    const waiting = [...followers].filter((pump) => !pump.hear(bell));
    if (waiting.length > 0) this.rings.put(bell);
    for (const pump of followers) pump.run();
    return true;
  }
}

function takenWith(gone: ReadonlySet<UserKey>): PushAnswer {
  return { outcome: 'taken', gone: [...gone] };
}
