/** Dispatch put together without Nest, for its specs. Must never be imported by code that ships. */
import { parameters } from '@carillon/domain';
import type { Bus, Clock, RouteTable } from '@carillon/domain/ports';
import { Metrics } from '@carillon/platform';
import { DispatchMetrics } from './dispatch-metrics.js';
import type { DispatchOptions } from './dispatch-options.js';
import { Dispatcher } from './dispatcher.js';
import { NodeBook } from './node-book.js';
import { NodeLines } from './node-lines.js';
import { NodePushes } from './node-pushes.js';

/** What a Dispatch of a spec stands on. */
export interface FixturePorts {
  readonly clock: Clock;
  readonly bus: Bus;
  readonly routes: RouteTable;
}

export function dispatchParts({ clock, bus, routes }: FixturePorts, changes: Partial<DispatchOptions> = {}) {
  const options: DispatchOptions = { ...parameters, id: 'd1', batchesMax: 64, ...changes };
  const registry = new Metrics();
  const book = new NodeBook(clock, options);
  const metrics = new DispatchMetrics(registry, book);
  const pushes = new NodePushes(bus, book, new NodeLines(options), clock, metrics, options);
  return { options, registry, dispatcher: new Dispatcher(bus, routes, pushes, clock, metrics, options) };
}
