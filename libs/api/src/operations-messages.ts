/** The rows of messages. Must never say what a schema says already. */

import { deliveryAnswerSchema, messageAnswerSchema } from './ledger-reply.js';
import { batchReplySchema, messageReplySchema } from './message-reply.js';
import { batchRequestSchema, messageRequestSchema } from './message-request.js';
import type { Operation } from './operations-shape.js';
import { recallReplySchema } from './recall-reply.js';

const id = 'msg_01KB9R6Z3V8Q2W5X7Y9ZABCDEF';
const acceptedAt = '2026-11-30T10:00:00.000Z';
const expiresAt = '2026-11-30T11:00:00.000Z';
const links = { self: `/v1/messages/${id}`, deliveries: `/v1/messages/${id}/deliveries/{user}` };

export const messageOperations: readonly Operation[] = [
  {
    id: 'postMessage',
    method: 'post',
    path: '/v1/messages',
    service: 'collect',
    tag: 'messages',
    summary: 'Post a message',
    description: '202 is the promise: the message is on a majority of the store.',
    access: { scope: 'messages:write' },
    headers: ['Idempotency-Key'],
    request: {
      name: 'MessageRequest',
      schema: messageRequestSchema,
      example: { to: 'user:42', event: 'order.paid', data: { orderId: 771 }, ttl: '1h' },
    },
    replies: {
      202: {
        description: 'Durable, and on its way.',
        name: 'MessageReply',
        schema: messageReplySchema,
        example: { id, status: 'accepted', recipients: 1, acceptedAt, expiresAt, links },
        headers: { Location: 'always', 'Idempotency-Replayed': 'sometimes' },
      },
    },
    errors: ['idempotency_key_reused', 'too_many_unacked', 'store_unavailable'],
  },
  {
    id: 'postMessages',
    method: 'post',
    path: '/v1/messages:batch',
    service: 'collect',
    tag: 'messages',
    summary: 'Post many messages',
    description: 'Every message is judged by itself: the results stand in the order of the request.',
    access: { scope: 'messages:write' },
    headers: ['Idempotency-Key'],
    request: {
      name: 'BatchRequest',
      schema: batchRequestSchema,
      example: { messages: [{ to: 'user:42', event: 'order.paid', idempotencyKey: 'order-771-paid' }] },
      judgedOneByOne: 'messages',
    },
    replies: {
      200: {
        description: 'What became of each; the refused ones may be sent again.',
        name: 'BatchReply',
        schema: batchReplySchema,
        example: {
          summary: { accepted: 1, refused: 0 },
          results: [{ status: 'accepted', id, recipients: 1, acceptedAt, expiresAt, replayed: false }],
        },
      },
    },
    errors: ['store_unavailable'],
  },
  {
    id: 'getMessage',
    method: 'get',
    path: '/v1/messages/{id}',
    service: 'collect',
    tag: 'messages',
    summary: 'What became of a message',
    access: { scope: 'messages:read' },
    replies: {
      200: {
        description: 'The message and its users by status.',
        name: 'MessageAnswer',
        schema: messageAnswerSchema,
        example: {
          id,
          event: 'order.paid',
          status: 'done',
          recipients: 1,
          counts: {
            queued: 0,
            sent: 0,
            delivered: 1,
            failed: 0,
            expired: 0,
            superseded: 0,
            recalled: 0,
          },
          acceptedAt,
          expiresAt,
          links,
        },
      },
    },
    errors: ['not_found', 'store_unavailable'],
  },
  {
    id: 'recallMessage',
    method: 'delete',
    path: '/v1/messages/{id}',
    service: 'collect',
    tag: 'messages',
    summary: 'Take a message back',
    description: 'What waits for its time is cancelled; what was sent is removed and no longer shown.',
    access: { scope: 'messages:write' },
    replies: {
      200: {
        description: 'It is taken back; who had it already is named.',
        name: 'RecallReply',
        schema: recallReplySchema,
        example: { id, recalled: true, cancelled: false, alreadySeenBy: [{ user: '42', device: 'd_7' }] },
      },
    },
    errors: ['not_found', 'too_late', 'store_unavailable'],
  },
  {
    id: 'getDelivery',
    method: 'get',
    path: '/v1/messages/{id}/deliveries/{user}',
    service: 'collect',
    tag: 'messages',
    summary: 'What became of a message for one user',
    description: 'The support answer: one sentence, the devices, and what happened when.',
    access: { scope: 'messages:read' },
    replies: {
      200: {
        description: 'The delivery.',
        name: 'DeliveryAnswer',
        schema: deliveryAnswerSchema,
        example: {
          summary: `Message ${id} (order.paid) for user 42: DELIVERED to 1 of 1 devices.`,
          message: id,
          user: '42',
          event: 'order.paid',
          status: 'delivered',
          acceptedAt,
          expiresAt,
          devices: [{ device: 'd_7', status: 'delivered', deliveredAt: '2026-11-30T10:00:00.184Z' }],
          timeline: [
            { at: acceptedAt, event: 'accepted', seq: 1051 },
            { at: '2026-11-30T10:00:00.184Z', event: 'delivered', device: 'd_7' },
          ],
        },
      },
    },
    errors: ['not_found', 'store_unavailable'],
  },
];
