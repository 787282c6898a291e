/**
 * The id of a request: the client's own when it is a name, else a new one.
 * It stands in the answer and in the logs.
 */
import type { IncomingMessage } from 'node:http';
import { isName } from '@carillon/wire';
import type { FastifyRequest } from 'fastify';
import { SystemRandom } from './system-random.js';

/** In and out. */
export const requestIdHeader = 'request-id';

const random = new SystemRandom();
/** 16 characters for 12 bytes. */
const idBytes = 12;

/** For Fastify's `genReqId`. */
export function makeRequestId(request: Pick<IncomingMessage, 'headers'>): string {
  const given = request.headers[requestIdHeader];
  return isName(given) ? given : `req_${Buffer.from(random.bytes(idBytes)).toString('base64url')}`;
}

/** The id under which this request is answered and logged. */
export function requestIdOf(request: FastifyRequest): string {
  return request.id;
}
