/**
 * JSON lines with ids. Only what is listed here is logged of a request: never a body, a header, an address
 * with its query, a token or a payload.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type DestinationStream, type Logger, pino } from 'pino';
import { requestIdOf } from './request-id.js';

export interface LogFacts {
  readonly level: string;
  readonly node: string;
  readonly services: readonly string[];
}

/** A process's logger. `destination`: standard output unless given. */
export function createLogger(facts: LogFacts, destination?: DestinationStream): Logger {
  return pino(
    {
      level: facts.level,
      base: { node: facts.node, service: facts.services.join('+') },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: withoutSecrets },
      serializers: { err: serializeError, error: serializeError },
    },
    destination ?? pino.destination({ fd: 1, sync: true }),
  );
}

/** Nobody should log these; if somebody does, they do not show. */
const secretNames = new Set([
  'authorization',
  'cookie',
  'sec-websocket-protocol',
  'token',
  'password',
  'secret',
  'pepper',
  'apiKey',
  'data',
  'payload',
]);
/** How deep is looked for them: `req.headers.cookie`. */
const secretDepth = 3;

/** pino's own `redact` with wildcards costs eight times the line. */
function withoutSecrets(line: Record<string, unknown>): Record<string, unknown> {
  return withoutSecretsIn(line, secretDepth) as Record<string, unknown>;
}

/** The object itself where there is nothing to hide. */
function withoutSecretsIn(given: object, depth: number): object {
  let copy: Record<string, unknown> | undefined;
  for (const [name, value] of Object.entries(given)) {
    const shown = shownAs(name, value, depth);
    if (shown === value) continue;
    copy ??= { ...given };
    copy[name] = shown;
  }
  return copy ?? given;
}

function shownAs(name: string, value: unknown, depth: number): unknown {
  if (secretNames.has(name) && value !== undefined) return '***';
  const isContainer = typeof value === 'object' && value !== null && !(value instanceof Error);
  return isContainer && depth > 1 ? withoutSecretsIn(value, depth - 1) : value;
}

/**
 * One line when the request ends: requestId, method, route, status, ms; a warning from 500 on. No status: the
 * client was gone before there was an answer. Costs nothing where the level is off.
 */
export function logRequest(log: Logger, request: FastifyRequest, reply: FastifyReply): void {
  if (!log.isLevelEnabled('warn')) return;
  reply.raw.on('close', () => {
    const { statusCode, headersSent } = reply.raw;
    const level = headersSent && statusCode >= 500 ? 'warn' : 'info';
    const line = {
      requestId: requestIdOf(request),
      method: request.method,
      route: request.routeOptions.url ?? 'none',
      status: headersSent ? statusCode : undefined,
      ms: Math.round(reply.elapsedTime),
    };
    log[level](line, 'request');
  });
}

interface LoggedError {
  readonly type: string;
  readonly code?: string;
  readonly message?: string;
  readonly stack?: string;
  readonly cause?: LoggedError;
}

/** Enough to find the place; nothing that a driver hung onto its error, such as the documents of a write. */
export function serializeError(error: unknown): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error };
  const code =
    'code' in error && (typeof error.code === 'string' || typeof error.code === 'number') ? error.code : '';
  return {
    type: error.name,
    ...(code === '' ? {} : { code: String(code) }),
    // A parser's message quotes what it could not parse.
    ...(error instanceof SyntaxError ? {} : { message: error.message }),
    ...(error.stack === undefined ? {} : { stack: frames(error.stack) }),
    ...(error.cause instanceof Error ? { cause: causeOf(error.cause) } : {}),
  };
}

function causeOf(error: Error): LoggedError {
  const { type, code } = serializeError(error);
  return { type, ...(code === undefined ? {} : { code }) };
}

/** The stack without its first lines, which repeat the message. */
function frames(stack: string): string {
  return stack
    .split('\n')
    .filter((line) => line.startsWith('    at '))
    .join('\n');
}
