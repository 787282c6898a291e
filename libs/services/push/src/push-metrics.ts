/** Push's metrics, by the names that dashboards use. No label ever carries a user, message or topic. */
import type { Way } from '@carillon/domain';
import { Metrics } from '@carillon/platform';
import { Injectable } from '@nestjs/common';
import { PushLog } from './push-log.js';
import { Registry } from './session/registry.js';

const secondsBuckets = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60, 300, 3600];

@Injectable()
export class PushMetrics {
  private readonly connects;
  private readonly disconnects;
  private readonly resumes;
  private readonly deliveries;
  private readonly duration;

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
    this.duration = metrics.histogram({
      name: 'carillon_delivery_duration_seconds',
      help: 'From the acceptance of a message to its settlement by a handler',
      labels: ['way'],
      buckets: secondsBuckets,
    });
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
    this.deliveries.inc({ status, way });
    if (status === 'delivered') this.duration.observe({ way }, Math.max(0, sinceAcceptedMs) / 1000);
  }

  skipped(reason: string): void {
    this.deliveries.inc({ status: reason, way: 'none' });
  }
}
