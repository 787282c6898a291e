/** Counts every answered request of Collect's routes, those too that no controller has seen. */
import { Clock } from '@carillon/domain/ports';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { CollectMetrics } from './collect-metrics.js';

const ownRoutes = '/v1/messages';

@Injectable()
export class RequestCount implements OnModuleInit {
  private answeredAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly host: HttpAdapterHost,
    private readonly metrics: CollectMetrics,
    private readonly clock: Clock,
  ) {}

  /** Since the last request was answered. */
  get idleMs(): number {
    return this.clock.monotonic() - this.answeredAt;
  }

  onModuleInit(): void {
    const fastify = this.host.httpAdapter.getInstance<FastifyInstance>();
    fastify.addHook('onResponse', (request, reply, done) => {
      const { url } = request.routeOptions;
      if (url?.startsWith(ownRoutes)) {
        this.answeredAt = this.clock.monotonic();
        this.metrics.request({
          route: `${request.method} ${url.replace('::', ':')}`,
          code: reply.statusCode,
        });
      }
      done();
    });
  }
}
