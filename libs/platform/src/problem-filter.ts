/**
 * Turns whatever was thrown into a problem+json answer, Fastify's own refusals too. An error that is none of
 * ours is answered `internal` and logged; its text never reaches the client.
 */
import { PortError, PortUnavailable } from '@carillon/domain/ports';
import { type ErrorCode, limits } from '@carillon/wire';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { Problem, problemBody, problemHeaders } from './problem.js';
import { requestIdOf } from './request-id.js';
import { allowedMethods } from './route-methods.js';

@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #log: Logger | undefined;

  constructor(log?: Logger) {
    this.#log = log;
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const problem = problemOf(error, request);
    const requestId = requestIdOf(request);
    if (problem.code === 'internal') this.#log?.error({ err: error, requestId }, 'request failed');
    if (reply.sent) return;
    void reply
      .code(problem.status)
      .headers(problemHeaders(problem))
      .send(JSON.stringify(problemBody(problem, requestId)));
  }
}

function problemOf(error: unknown, request: FastifyRequest): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof PortUnavailable) {
    return new Problem('store_unavailable', 'The message store cannot be reached now. Try again.');
  }
  if (error instanceof PortError)
    return new Problem('overloaded', 'A part of the service did not answer. Try again.');
  const status = error instanceof HttpException ? error.getStatus() : statusOf(error);
  return problemOfStatus(status, request);
}

/** Fastify's errors and those of its plugins carry a status. */
function statusOf(error: unknown): number {
  const hasStatus = error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number';
  return hasStatus ? Number(error.statusCode) : 500;
}

const refusals: Readonly<Record<number, readonly [ErrorCode, string]>> = {
  400: ['malformed_json', 'The request cannot be read: its body must be JSON in UTF-8.'],
  401: ['token_missing', 'Give an API key: Authorization: Bearer <key>.'],
  403: ['scope_missing', 'The key does not allow this.'],
  413: ['payload_too_large', `The body is larger than ${limits.bodyBytesMax} bytes.`],
  415: ['unsupported_media_type', 'Send the body as Content-Type: application/json.'],
  429: ['rate_limited', 'Too many requests. Try again later.'],
  431: ['headers_too_large', 'The headers are larger than this server takes.'],
  503: ['overloaded', 'The service cannot answer now. Try again.'],
};
const defect = ['internal', 'Something went wrong here; the request id finds it in the logs.'] as const;

function problemOfStatus(status: number, request: FastifyRequest): Problem {
  if (status === 404 || status === 405 || status === 414) return unknownRoute(request);
  const [code, detail] = refusals[status] ?? defect;
  return new Problem(code, detail);
}

function unknownRoute(request: FastifyRequest): Problem {
  const methods = allowedMethods(request);
  if (methods.length === 0 || methods.includes(request.method)) {
    return new Problem('not_found', 'There is nothing at this address.');
  }
  const allow = methods.join(', ');
  return new Problem('method_not_allowed', `This address answers ${allow}.`, { headers: { allow } });
}
