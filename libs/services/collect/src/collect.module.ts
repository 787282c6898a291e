/** Collect as a Nest module: what is made of what. Ports come in by value, so the module knows no adapter. */
import {
  Bus,
  Clock,
  ClockTrust,
  Cursors,
  Devices,
  LogKeeping,
  Marks,
  Members,
  MessageLog,
  Random,
  Reads,
  Receipts,
  Schedule,
  StoreFacts,
} from '@carillon/domain/ports';
import { Health, Metrics, type ServiceContext } from '@carillon/platform';
import { type DynamicModule, Module } from '@nestjs/common';
import { Acceptance } from './acceptance.js';
import { Addressees } from './addressees.js';
import { Appending } from './appending.js';
import { Backlog } from './backlog.js';
import { Collapsing } from './collapsing.js';
import { CollectLife } from './collect-life.js';
import { CollectLog } from './collect-log.js';
import { CollectMetrics } from './collect-metrics.js';
import { CollectOptions } from './collect-options.js';
import { CollectPorts } from './collect-ports.js';
import { CommitQueue } from './commit-queue.js';
import { CredentialsGuard } from './credentials.guard.js';
import { Credentials } from './credentials.js';
import { Deadlines } from './deadlines.js';
import { DeliveryAnswers } from './delivery-answers.js';
import { Dispatches } from './dispatches.js';
import { DocumentsController } from './documents.controller.js';
import { Doorbells } from './doorbells.js';
import { Erasure } from './erasure.js';
import { Firing } from './firing.js';
import { IntakeGate } from './intake-gate.js';
import { KeyChecks } from './key-checks.js';
import { LastCall } from './last-call.js';
import { Ledger } from './ledger.js';
import { MessageIds } from './message-id.js';
import { MessageIntake } from './message-intake.js';
import { MessagePosts } from './message-posts.js';
import { MessagesController } from './messages.controller.js';
import { Pressure } from './pressure.js';
import { Purge } from './purge.js';
import { Recall } from './recall.js';
import { RequestCount } from './request-count.js';
import { RequestReader } from './request-reader.js';
import { Scheduling } from './scheduling.js';
import { TopicsController } from './topics.controller.js';
import { Topics } from './topics.js';
import { TurnedAway } from './turned-away.js';
import { UsersController } from './users.controller.js';

@Module({})
export class CollectModule {
  static with(context: ServiceContext): DynamicModule {
    const { store } = context;
    return {
      module: CollectModule,
      controllers: [DocumentsController, MessagesController, TopicsController, UsersController],
      providers: [
        { provide: MessageLog, useValue: store.log },
        { provide: LogKeeping, useValue: store.keeping },
        { provide: Marks, useValue: store.marks },
        { provide: Members, useValue: store.members },
        { provide: Schedule, useValue: store.schedule },
        { provide: Reads, useValue: store.reads },
        { provide: Cursors, useValue: store.cursors },
        { provide: Devices, useValue: store.devices },
        { provide: Receipts, useValue: store.receipts },
        { provide: StoreFacts, useValue: store.facts },
        { provide: Bus, useValue: context.bus },
        { provide: Clock, useValue: context.clock },
        { provide: ClockTrust, useValue: context.trust },
        { provide: Random, useValue: context.random },
        { provide: Metrics, useValue: context.metrics },
        { provide: Health, useValue: context.health },
        { provide: CollectLog, useValue: new CollectLog(context.log) },
        { provide: CollectOptions, useValue: CollectOptions.of(context.config) },
        ...[CollectMetrics, MessageIds, KeyChecks, Credentials, CredentialsGuard],
        ...[Deadlines, Pressure, Dispatches, Doorbells, CommitQueue, Backlog, Collapsing, Appending],
        ...[Scheduling, Acceptance, Firing, RequestReader, IntakeGate, MessageIntake],
        ...[TurnedAway, MessagePosts],
        ...[Ledger, Addressees, DeliveryAnswers, Recall, Topics, Erasure],
        ...[RequestCount, Purge, CollectPorts, CollectLife, LastCall],
      ],
    };
  }
}
