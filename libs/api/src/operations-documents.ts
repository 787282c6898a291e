/** The rows of the documents. Must never need a credential: whoever can reach the API may read of it. */
import { z } from 'zod';
import type { Operation } from './operations-shape.js';

const info = z.looseObject({ title: z.string(), version: z.string() });

export const documentOperations: readonly Operation[] = [
  {
    id: 'getOpenApi',
    method: 'get',
    path: '/openapi.json',
    service: 'collect',
    tag: 'documents',
    summary: 'This document',
    access: 'anybody',
    replies: {
      200: {
        description: 'OpenAPI 3.1.',
        name: 'OpenApi',
        schema: z.looseObject({ openapi: z.string(), info }),
        headers: { 'Cache-Control': 'always' },
      },
    },
  },
  {
    id: 'getAsyncApi',
    method: 'get',
    path: '/asyncapi.json',
    service: 'collect',
    tag: 'documents',
    summary: 'The frames of the socket',
    access: 'anybody',
    replies: {
      200: {
        description: 'AsyncAPI 3.1.',
        name: 'AsyncApi',
        schema: z.looseObject({ asyncapi: z.string(), info }),
        headers: { 'Cache-Control': 'always' },
      },
    },
  },
];
