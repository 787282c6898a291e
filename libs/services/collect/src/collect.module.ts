/** Collect as a Nest module: what is made of what. Ports come in by value, so the module knows no adapter. */
import {
  Bus,
  Clock,
  Cursors,
  Devices,
  LogKeeping,
  MessageLog,
  Random,
  Receipts,
  StoreFacts,
} from '@carillon/domain/ports';
import { Health, Metrics, type ServiceContext } from '@carillon/platform';
import { type DynamicModule, Module } from '@nestjs/common';
import { Appending } from './appending.js';
import { CollectLife } from './collect-life.js';
import { CollectMetrics } from './collect-metrics.js';
import { CollectOptions } from './collect-options.js';
import { CollectPorts } from './collect-ports.js';
import { CommitQueue } from './commit-queue.js';
import { CredentialsGuard } from './credentials.guard.js';
import { Dispatches } from './dispatches.js';
import { Doorbells } from './doorbells.js';
import { IntakeGate } from './intake-gate.js';
import { KeyChecks } from './key-checks.js';
import { LastCall } from './last-call.js';
import { Ledger } from './ledger.js';
import { MessageIds } from './message-id.js';
import { MessageIntake } from './message-intake.js';
import { MessagesController } from './messages.controller.js';
import { Pressure } from './pressure.js';
import { Purge } from './purge.js';
import { RequestCount } from './request-count.js';

@Module({})
export class CollectModule {
  static with(context: ServiceContext): DynamicModule {
    const { store } = context;
    return {
      module: CollectModule,
      controllers: [MessagesController],
      providers: [
        { provide: MessageLog, useValue: store.log },
        { provide: LogKeeping, useValue: store.keeping },
        { provide: Cursors, useValue: store.cursors },
        { provide: Devices, useValue: store.devices },
        { provide: Receipts, useValue: store.receipts },
        { provide: StoreFacts, useValue: store.facts },
        { provide: Bus, useValue: context.bus },
        { provide: Clock, useValue: context.clock },
        { provide: Random, useValue: context.random },
        { provide: Metrics, useValue: context.metrics },
        { provide: Health, useValue: context.health },
        { provide: CollectOptions, useValue: CollectOptions.of(context.config) },
        ...[CollectMetrics, MessageIds, KeyChecks, CredentialsGuard],
        ...[Pressure, Dispatches, Doorbells, CommitQueue, Appending, IntakeGate, MessageIntake],
        ...[Ledger, RequestCount, Purge, CollectPorts, CollectLife, LastCall],
      ],
    };
  }
}
