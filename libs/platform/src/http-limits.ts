/**
 * How the public HTTP server defends itself:
 * sizes, slow clients, bodies that are no JSON, requests that are no HTTP.
 */
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { limits } from '@carillon/wire';
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifyServerOptions } from 'fastify';
import { Problem, problemBody, problemHeaders } from './problem.js';
import { makeRequestId, requestIdOf } from './request-id.js';

const second = 1_000;

/** Named limits of the server. Source: the slow-loris row of the security table. */
export const httpLimits = {
  maxHeaderSize: 16_384,
  headersTimeoutMs: 5 * second,
  requestTimeoutMs: 10 * second,
  connectionsCheckingIntervalMs: second,
  /** A socket without any traffic, in the middle of a request or its answer. */
  socketTimeoutMs: 30 * second,
  keepAliveMs: 65 * second,
  pathParameterMax: 512,
} as const;

/** For `new FastifyAdapter(…)`. `trustedProxies`: whose X-Forwarded-For is believed. */
export function fastifyOptions(trustedProxies: readonly string[]): FastifyServerOptions & { http: object } {
  return {
    bodyLimit: limits.bodyBytesMax,
    connectionTimeout: httpLimits.socketTimeoutMs,
    requestTimeout: httpLimits.requestTimeoutMs,
    keepAliveTimeout: httpLimits.keepAliveMs,
    http: {
      maxHeaderSize: httpLimits.maxHeaderSize,
      headersTimeout: httpLimits.headersTimeoutMs,
      requestTimeout: httpLimits.requestTimeoutMs,
      connectionsCheckingInterval: httpLimits.connectionsCheckingIntervalMs,
    },
    routerOptions: { maxParamLength: httpLimits.pathParameterMax },
    trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies],
    genReqId: (request: IncomingMessage) => makeRequestId(request),
    return503OnClosing: false,
    frameworkErrors: refuseAddress,
    clientErrorHandler: refuseBytes,
  };
}

/** JSON in UTF-8 and nothing else; an empty body is none. Call before any route is registered. */
export function useJsonBodies(fastify: FastifyInstance): void {
  const parseText = fastify.getDefaultJsonParser('error', 'error');
  const decoder = new TextDecoder('utf-8', { fatal: true });
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (body.length === 0) return done(null, undefined);
    let text: string;
    try {
      text = decoder.decode(body as Buffer);
    } catch {
      // A replacement character in its place would be a message that nobody posted.
      return done(new Problem('malformed_json', 'The body is not UTF-8.'));
    }
    return parseText(request, text, (error, value: unknown) =>
      error
        ? done(new Problem('malformed_json', 'The body is not JSON that this server takes.'))
        : done(null, value),
    );
  });
}

/** An address that cannot be decoded or has an over-long part leads nowhere. */
function refuseAddress(_error: Error, request: FastifyRequest, reply: FastifyReply): void {
  const problem = new Problem('not_found', 'There is nothing at this address.');
  const body = problemBody(problem, requestIdOf(request));
  void reply.code(problem.status).headers(problemHeaders(problem)).send(JSON.stringify(body));
}

/** Node's parser has given up before there was a request. */
function refuseBytes(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  socket.end(answerTo(error.code), () => socket.destroy());
}

function answerTo(code: string | undefined): string {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n';
  const problem =
    code === 'HPE_HEADER_OVERFLOW'
      ? new Problem('headers_too_large', `The headers are larger than ${httpLimits.maxHeaderSize} bytes.`)
      : new Problem('malformed_json', 'This is not HTTP.');
  const body = JSON.stringify(problemBody(problem, makeRequestId({ headers: {} })));
  const headers = { ...problemHeaders(problem), 'content-length': String(body.length), connection: 'close' };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const phrase = STATUS_CODES[problem.status] ?? '';
  return `HTTP/1.1 ${problem.status} ${phrase}\r\n${lines.join('')}\r\n${body}`;
}
