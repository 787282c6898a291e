/** The rows of users. Must never say what a schema says already. */
import type { Operation } from './operations-shape.js';

const access = { scope: 'users:admin' } as const;

export const userOperations: readonly Operation[] = [
  {
    id: 'eraseUser',
    method: 'delete',
    path: '/v1/users/{user}',
    service: 'collect',
    tag: 'users',
    summary: 'Forget a user',
    description: 'What was sent to them, their devices, what they read and follow. Idempotent.',
    access,
    replies: { 204: { description: 'Durable.' } },
    errors: ['validation_failed'],
  },
  {
    id: 'disconnectUser',
    method: 'post',
    path: '/v1/users/{user}:disconnect',
    service: 'collect',
    tag: 'users',
    summary: 'Close the sockets of a user',
    description: 'They are closed with 4004: the SDK does not come back by itself.',
    access,
    replies: { 202: { description: 'The nodes are told.' } },
    errors: ['validation_failed'],
  },
];
