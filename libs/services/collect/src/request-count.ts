/** Counts every answered request of Collect's routes, those too that no controller has seen. */
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { CollectMetrics } from './collect-metrics.js';

const ownRoutes = '/v1/messages';

@Injectable()
export class RequestCount implements OnModuleInit {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly metrics: CollectMetrics,
  ) {}

  onModuleInit(): void {
    const fastify = this.host.httpAdapter.getInstance<FastifyInstance>();
    fastify.addHook('onResponse', (request, reply, done) => {
      const { url } = request.routeOptions;
      if (url?.startsWith(ownRoutes)) {
        this.metrics.request({
          route: `${request.method} ${url.replace('::', ':')}`,
          code: reply.statusCode,
        });
      }
      done();
    });
  }
}
