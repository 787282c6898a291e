/**
 * The Nest application of a process on Fastify:
 * limits, answers, logs and metrics are the same for all services.
 */
import {
  errorsPage,
  errorsPath,
  fastifyOptions,
  logRequest,
  nestLogger,
  Problem,
  ProblemFilter,
  requestIdHeader,
  type ServiceContext,
  useJsonBodies,
  watchRoutes,
} from '@carillon/platform';
import { type DynamicModule, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';

/** Fastify's instance, for routes that are no service's. */
export type HttpInstance = Parameters<typeof watchRoutes>[0];

@Module({})
class RootModule {}

/** Not yet listening, and not yet initialised. */
export async function makeHttpApp(
  context: ServiceContext,
  modules: readonly DynamicModule[],
): Promise<NestFastifyApplication> {
  // No middleware of Nest's runs, so the engine for it, which every request would pass, is left out.
  const skipMiddie = true;
  const adapter = new FastifyAdapter({ ...fastifyOptions(context.config.http.trustedProxies), skipMiddie });
  const fastify = adapter.getInstance() as unknown as HttpInstance;
  watchRoutes(fastify);
  useJsonBodies(fastify);
  watchRequests(fastify, context);
  fastify.get(errorsPath, (_request, reply) => reply.type('text/html; charset=utf-8').send(errorsPage()));
  const root = { module: RootModule, imports: [...modules] };
  const options = { bufferLogs: true, abortOnError: false, bodyParser: false };
  const app = await NestFactory.create<NestFastifyApplication>(root, adapter, options);
  app.useLogger(nestLogger(context.log));
  app.useGlobalFilters(new ProblemFilter(context.log));
  return app;
}

function watchRequests(fastify: HttpInstance, { health, log, metrics }: ServiceContext): void {
  const durations = metrics.histogram({
    name: 'carillon_http_request_duration_seconds',
    help: 'Time from a request to its answer',
    labels: ['method', 'route', 'status'],
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header(requestIdHeader, request.id);
    logRequest(log, request, reply);
    if (!health.isDraining) return done();
    void reply.header('connection', 'close');
    return done(new Problem('draining', 'This process is shutting down: send the request again.'));
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none';
    const method = request.is404 ? 'other' : request.method;
    durations.observe({ method, route, status: String(reply.statusCode) }, reply.elapsedTime / 1_000);
    done();
  });
}
