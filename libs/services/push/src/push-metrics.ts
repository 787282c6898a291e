/** Push's metrics, by the names that dashboards use. No label ever carries a user, message or topic. */
import type { Way } from '@carillon/domain';
import { Metrics, type TallySeries } from '@carillon/platform';
import { Injectable } from '@nestjs/common';
import { PushLog } from './push-log.js';
import { Registry } from './session/registry.js';

const secondsBuckets = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60, 300, 3600];

interface Gathered {
  readonly status: string;
  readonly way: string;
  count: number;
}

@Injectable()
export class PushMetrics {
  private readonly connects;
  private readonly disconnects;
  private readonly resumes;
  private readonly deliveries;
  private readonly durationOf: Readonly<Record<Way, TallySeries>>;
  /** Deliveries of this turn by way and status: they are counted together, it is asked for each entry. */
  private gathered: Gathered[] = [];

  constructor(
    metrics: Metrics,
    registry: Registry,
    private readonly log: PushLog,
  ) {
    metrics.gauge({
      name: 'carillon_connections',
      help: 'Open sessions',
      collect: () => registry.size,
    });
    this.connects = metrics.counter({
      name: 'carillon_connects_total',
      help: 'Sockets that came, by what became of them',
      labels: ['result'],
    });
    this.disconnects = metrics.counter({
      name: 'carillon_disconnects_total',
      help: 'Sessions that ended, by close code',
      labels: ['code'],
    });
    this.resumes = metrics.counter({
      name: 'carillon_resumes_total',
      help: 'Logs resumed with a position of the client, by whether continuity was proven',
      labels: ['resumed'],
    });
    this.deliveries = metrics.counter({
      name: 'carillon_deliveries_total',
      help: 'Entries that reached their end on a connection; way: live, replay or anti-entropy',
      labels: ['status', 'way'],
    });
    const duration = metrics.tally({
      name: 'carillon_delivery_duration_seconds',
      help: 'From the acceptance of a message to its settlement by a handler',
      buckets: secondsBuckets,
    });
    this.durationOf = {
      live: duration.of({ way: 'live' }),
      replay: duration.of({ way: 'replay' }),
      'anti-entropy': duration.of({ way: 'anti-entropy' }),
    };
  }

  connected(connection: string, result: string): void {
    this.connects.inc({ result });
    this.log.connected(connection, result);
  }

  disconnected(connection: string, code: number): void {
    this.disconnects.inc({ code });
    this.log.disconnected(connection, code);
  }

  resumed(isProven: boolean): void {
    this.resumes.inc({ resumed: String(isProven) });
  }

  settled(way: Way, status: string, sinceAcceptedMs: number): void {
    this.gather(status, way);
    if (status === 'delivered') this.durationOf[way].observe(Math.max(0, sinceAcceptedMs) / 1000);
  }

  skipped(reason: string): void {
    this.gather(reason, 'none');
  }

  private gather(status: string, way: string): void {
    const known = this.gathered.find((one) => one.status === status && one.way === way);
    if (known) known.count++;
    else if (this.gathered.push({ status, way, count: 1 }) === 1) queueMicrotask(() => this.count());
  }

  private count(): void {
    for (const { status, way, count } of this.gathered) this.deliveries.inc({ status, way }, count);
    this.gathered = [];
  }
}
