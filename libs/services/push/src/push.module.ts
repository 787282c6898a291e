/** Push as a Nest module: what is made of what. Ports come in by value, so the module knows no adapter. */
import { incarnation, parameters } from '@carillon/domain';
import {
  Bus,
  Clock,
  ClockTrust,
  Cursors,
  Devices,
  Members,
  MessageLog,
  Random,
  Reads,
  Receipts,
  RouteTable,
  randomName,
  StoreFacts,
} from '@carillon/domain/ports';
import { Health, Metrics, type ServiceContext } from '@carillon/platform';
import { limits } from '@carillon/wire';
import { type DynamicModule, Module } from '@nestjs/common';
import { AntiEntropy } from './delivery/anti-entropy.js';
import { DoorbellConsumer } from './delivery/doorbell-consumer.js';
import { FanOut } from './delivery/fan-out.js';
import { LogSubjects } from './delivery/log-subjects.js';
import { NoticeBoard } from './delivery/notice-board.js';
import { LedgerPorts, ReceiptBook } from './delivery/receipt-book.js';
import { Remedies } from './delivery/remedies.js';
import { Walks } from './delivery/walks.js';
import { Admission } from './node/admission.js';
import { Drain } from './node/drain.js';
import { Lease } from './node/lease.js';
import { LoopWatch } from './node/loop-watch.js';
import { OwnRoutes } from './node/own-routes.js';
import { PushLog } from './push-log.js';
import { PushMetrics } from './push-metrics.js';
import { NodeEars, NodeWork, PushNode } from './push-node.js';
import { PushOptions } from './push-options.js';
import { AuthLink } from './session/auth-link.js';
import { Following } from './session/following.js';
import { PageReader } from './session/page-reader.js';
import { Reception, SessionStore } from './session/reception.js';
import { Registry } from './session/registry.js';
import { Rings } from './session/ring.js';
import { NodeParts, PumpParts, Sessions } from './session/sessions.js';
import { StartPoints } from './session/start-point.js';
import { StartReader } from './session/start-reader.js';
import { Topics } from './session/topics.js';
import { ClientAddresses } from './socket/client-address.js';
import { PushGateway } from './socket/push.gateway.js';

@Module({})
export class PushModule {
  static with(context: ServiceContext): DynamicModule {
    const { store } = context;
    return {
      module: PushModule,
      providers: [
        { provide: MessageLog, useValue: store.log },
        { provide: Cursors, useValue: store.cursors },
        { provide: Devices, useValue: store.devices },
        { provide: Members, useValue: store.members },
        { provide: Receipts, useValue: store.receipts },
        { provide: Reads, useValue: store.reads },
        { provide: StoreFacts, useValue: store.facts },
        { provide: RouteTable, useValue: context.routes },
        { provide: Bus, useValue: context.bus },
        { provide: Clock, useValue: context.clock },
        { provide: ClockTrust, useValue: context.trust },
        { provide: Random, useValue: context.random },
        { provide: Metrics, useValue: context.metrics },
        { provide: Health, useValue: context.health },
        { provide: PushLog, useValue: new PushLog(context.log) },
        { provide: PushOptions, useValue: optionsOf(context) },
        {
          provide: ClientAddresses,
          useValue: new ClientAddresses(context.config.http.trustedProxies),
        },
        ...[
          Registry,
          Following,
          Rings,
          PageReader,
          StartReader,
          StartPoints,
          AuthLink,
          Topics,
          Sessions,
          NodeParts,
          PumpParts,
          SessionStore,
          Reception,
        ],
        ...[OwnRoutes, Lease, LoopWatch, Drain, Admission],
        ...[AntiEntropy, Remedies, DoorbellConsumer, FanOut, Walks, LogSubjects, NoticeBoard],
        ...[LedgerPorts, ReceiptBook, PushMetrics],
        ...[NodeEars, NodeWork, PushNode, PushGateway],
      ],
    };
  }
}

function optionsOf(context: ServiceContext): PushOptions {
  const { delivery, push } = context.config;
  return {
    ...parameters,
    ...delivery,
    node: context.node,
    incarnation: incarnation(context.node, randomName(context.random, 10)),
    drainMs: push.drainMs,
    connectionsMax: push.connectionsMax,
    socketsPerAddressMax: push.socketsPerAddressMax,
    instancesPerUserMax: limits.instancesPerUserMax,
    devicesPerUserMax: limits.devicesPerUserMax,
    admissionPerSecond: push.admission.perSecond,
    admissionBurst: push.admission.burst,
  };
}
