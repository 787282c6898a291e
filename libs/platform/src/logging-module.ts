/** Nest's own messages and one line per request, through the process's logger. */
import type { DynamicModule, INestApplication, LoggerService } from '@nestjs/common';
import { LoggerModule, Logger as NestLogger } from 'nestjs-pino';
import type { Logger } from 'pino';
import { requestLogOptions } from './logging.js';

/** To be imported by an application's root module. Without `forRoutes` nothing is logged on Fastify. */
export function loggingModule(log: Logger): DynamicModule {
  return LoggerModule.forRoot({ pinoHttp: requestLogOptions(log), forRoutes: ['*splat'] });
}

/** What Nest is to log with; needs `loggingModule` in the application. */
export function nestLogger(app: Pick<INestApplication, 'get'>): LoggerService {
  return app.get(NestLogger);
}
