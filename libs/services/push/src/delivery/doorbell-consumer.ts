/**
 * Takes doorbells off the bus and gives each to the pumps of its log. What a pump cannot take at once waits
 * in the ring. Answers with the users that are not here; never waits for a socket.
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
import { PushOptions } from '../push-options.js';
import { Registry } from '../session/registry.js';
import { Rings } from '../session/ring.js';

@Injectable()
export class DoorbellConsumer {
  private subscriptions: Subscription[] = [];

  constructor(
    private readonly bus: Bus,
    private readonly registry: Registry,
    private readonly rings: Rings,
    private readonly loop: LoopWatch,
    private readonly options: PushOptions,
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
    if (this.loop.isBusy) {
      message.reply(toJsonBytes({ outcome: 'busy' } satisfies PushAnswer));
      return;
    }
    const gone = new Set<UserKey>();
    for (const bell of readDoorbells(message.data)) {
      const user = logUser(bell.log);
      if (!this.ring(bell) && user) gone.add(user);
    }
    message.reply(toJsonBytes({ outcome: 'taken', gone: [...gone] } satisfies PushAnswer));
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
