/**
 * Nest's own messages, through the process's logger.
 * Must never see a request: `logRequest` tells of those.
 */
import type { LoggerService } from '@nestjs/common';
import { Logger as NestLogger, PinoLogger } from 'nestjs-pino';
import type { Logger } from 'pino';

/** What Nest is to log with. */
export function nestLogger(log: Logger): LoggerService {
  const options = { pinoHttp: { logger: log } };
  return new NestLogger(new PinoLogger(options), options);
}
