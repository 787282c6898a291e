/**
 * The life of a Push node: starts its parts in the order in which they need each other, drains before the
 * sockets go, and stops them again. Decides nothing else.
 */
import { subjects } from '@carillon/domain';
import { Bus, type Subscription } from '@carillon/domain/ports';
import { Health } from '@carillon/platform';
import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { AntiEntropy } from './delivery/anti-entropy.js';
import { DoorbellConsumer } from './delivery/doorbell-consumer.js';
import { LogSubjects } from './delivery/log-subjects.js';
import { NoticeBoard } from './delivery/notice-board.js';
import { ReceiptBook } from './delivery/receipt-book.js';
import { Drain } from './node/drain.js';
import { Lease } from './node/lease.js';
import { LoopWatch } from './node/loop-watch.js';
import { AuthLink } from './session/auth-link.js';
import { Sessions } from './session/sessions.js';
import { Topics } from './session/topics.js';

/** What comes in over the bus. */
@Injectable()
export class NodeEars {
  constructor(
    private readonly consumer: DoorbellConsumer,
    private readonly subjects: LogSubjects,
    private readonly notices: NoticeBoard,
    private readonly topics: Topics,
  ) {}

  start(): void {
    this.consumer.start();
    this.notices.onMembership = (user) => void this.topics.compare(user);
    this.notices.start();
  }

  stop(): void {
    this.consumer.stop();
    this.subjects.stop();
    this.notices.stop();
  }
}

/** What runs beside the sessions. */
@Injectable()
export class NodeWork {
  constructor(
    readonly lease: Lease,
    readonly loop: LoopWatch,
    readonly antiEntropy: AntiEntropy,
    readonly ears: NodeEars,
    readonly receipts: ReceiptBook,
    readonly sessions: Sessions,
  ) {}

  /**
   * The bus was away: a new lease token tells Dispatch to try this node again, then what was missed is read.
   */
  async catchUp(): Promise<void> {
    await this.lease.renew();
    await this.antiEntropy.compareAll();
  }
}

@Injectable()
export class PushNode implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private doubts: Subscription | undefined;

  constructor(
    private readonly work: NodeWork,
    private readonly auth: AuthLink,
    private readonly drain: Drain,
    private readonly bus: Bus,
    health: Health,
  ) {
    health.addCheck('auth-policy', async () => auth.checkReady());
  }

  async onApplicationBootstrap(): Promise<void> {
    this.work.loop.start();
    this.work.ears.start();
    this.work.antiEntropy.start();
    this.bus.onReconnect(() => void this.work.catchUp());
    this.doubts = this.bus.subscribe(subjects.routesDoubted, () => void this.work.lease.renew());
    this.work.receipts.start();
    this.work.sessions.start();
    await this.work.lease.start();
    await this.auth.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.drain.run();
    this.doubts?.unsubscribe();
    this.work.ears.stop();
    this.work.antiEntropy.stop();
    this.work.receipts.stop();
    this.work.sessions.stop();
    this.work.loop.stop();
    this.auth.stop();
  }
}
