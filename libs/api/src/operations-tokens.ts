/** The rows of tokens and of the keys that verify them. Must never show a token that is one. */
import { z } from 'zod';
import type { Operation, Reply } from './operations-shape.js';
import { tokenReplySchema, tokenRequestSchema } from './tokens.js';

/** The public half of the keys that sign tokens. Source: RFC 7517. */
export const jwksSchema = z.strictObject({
  keys: z.array(
    z.object({ kid: z.string(), kty: z.string(), alg: z.string(), use: z.string() }).catchall(z.string()),
  ),
});

const keys: Reply = {
  description: 'The public keys.',
  name: 'Jwks',
  schema: jwksSchema,
  example: { keys: [{ kid: 'k1', kty: 'RSA', alg: 'RS256', use: 'sig', n: 'x5W…', e: 'AQAB' }] },
  headers: { 'Cache-Control': 'always' },
};

export const tokenOperations: readonly Operation[] = [
  {
    id: 'createToken',
    method: 'post',
    path: '/v1/tokens',
    service: 'auth',
    tag: 'tokens',
    summary: 'A token for one of your users',
    description: 'Hand it to the page of this user; with it the page opens its socket.',
    access: { scope: 'tokens:write' },
    request: {
      name: 'TokenRequest',
      schema: tokenRequestSchema,
      example: { user: '42', topics: ['orders.*'], ttl: '10m' },
    },
    replies: {
      201: {
        description: 'The token.',
        name: 'TokenReply',
        schema: tokenReplySchema,
        example: { token: 'eyJhbGciOi…', expiresAt: '2026-11-30T10:10:00.000Z' },
        headers: { 'Cache-Control': 'always' },
      },
    },
  },
  {
    id: 'getJwks',
    method: 'get',
    path: '/.well-known/jwks.json',
    service: 'auth',
    tag: 'tokens',
    summary: 'The public keys of tokens',
    access: 'anybody',
    replies: { 200: keys },
  },
  {
    id: 'getJwksOfV1',
    method: 'get',
    path: '/v1/.well-known/jwks.json',
    service: 'auth',
    tag: 'tokens',
    summary: 'The same, where only /v1 is public',
    access: 'anybody',
    replies: { 200: keys },
  },
];
