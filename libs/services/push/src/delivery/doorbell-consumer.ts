/**
 * Takes doorbells off the bus and hands those of each log to the fan-out. Answers with the users that are not
 * here; never waits for a socket. A node that is busy takes them all the same and says so: reading them from
 * the store later would cost it more.
 */
import {
  type DoorbellView,
  type LogKey,
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
import { FanOut } from './fan-out.js';

/** Collect is told to slow down. */
const busy: PushAnswer = { outcome: 'busy' };

@Injectable()
export class DoorbellConsumer {
  private subscriptions: Subscription[] = [];

  constructor(
    private readonly bus: Bus,
    private readonly fanOut: FanOut,
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

  /** What comes on the subject of a log; of other logs that share it nothing is taken. */
  takeOf(log: LogKey, message: BusMessage): void {
    const bells = this.bellsOf(message).filter((bell) => bell.log === log);
    if (bells.length > 0) this.fanOut.ring(log, bells);
  }

  private take(message: BusMessage): void {
    const gone = new Set<UserKey>();
    for (const [log, bells] of byLog(this.bellsOf(message))) {
      if (this.fanOut.ring(log, bells)) continue;
      const user = logUser(log);
      if (user) gone.add(user);
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
}

function byLog(bells: readonly DoorbellView[]): ReadonlyMap<LogKey, readonly DoorbellView[]> {
  const found = new Map<LogKey, DoorbellView[]>();
  for (const bell of bells) {
    const same = found.get(bell.log);
    if (same) same.push(bell);
    else found.set(bell.log, [bell]);
  }
  return found;
}

function takenWith(gone: ReadonlySet<UserKey>): PushAnswer {
  return { outcome: 'taken', gone: [...gone] };
}
