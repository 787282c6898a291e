/**
 * Dispatch as a Nest module, without a route of HTTP. Ports come in by value, so the module knows no adapter.
 */
import { Bus, Clock, RouteTable, randomName } from '@carillon/domain/ports';
import { Health, Metrics, type ServiceContext } from '@carillon/platform';
import { type DynamicModule, Module } from '@nestjs/common';
import { DispatchLife } from './dispatch-life.js';
import { DispatchMetrics } from './dispatch-metrics.js';
import { DispatchOptions } from './dispatch-options.js';
import { Dispatcher } from './dispatcher.js';
import { NodeBook } from './node-book.js';
import { NodeLines } from './node-lines.js';
import { NodePushes } from './node-pushes.js';

@Module({})
export class DispatchModule {
  static with(context: ServiceContext): DynamicModule {
    const id = `${context.node}~${randomName(context.random, 10)}`;
    return {
      module: DispatchModule,
      providers: [
        { provide: Bus, useValue: context.bus },
        { provide: RouteTable, useValue: context.routes },
        { provide: Clock, useValue: context.clock },
        { provide: Metrics, useValue: context.metrics },
        { provide: Health, useValue: context.health },
        { provide: DispatchOptions, useValue: DispatchOptions.of(context.config, id) },
        ...[NodeBook, NodeLines, DispatchMetrics, NodePushes, Dispatcher, DispatchLife],
      ],
    };
  }
}
