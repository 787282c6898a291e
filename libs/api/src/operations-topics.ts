/** The rows of topics and their members. Must never say what a schema says already. */
import { membersReplySchema, membersRequestSchema, pageQuerySchema, topicsReplySchema } from './members.js';
import type { Operation } from './operations-shape.js';

const access = { scope: 'topics:write' } as const;
const joinedAt = '2026-11-30T10:00:00.000Z';

export const topicOperations: readonly Operation[] = [
  {
    id: 'getTopics',
    method: 'get',
    path: '/v1/topics',
    service: 'collect',
    tag: 'topics',
    summary: 'The topics that have members',
    access,
    query: pageQuerySchema,
    replies: {
      200: {
        description: 'A page of topics, by name.',
        name: 'TopicsReply',
        schema: topicsReplySchema,
        example: { topics: ['orders.eu', 'orders.us'], next: 'orders.us' },
      },
    },
  },
  {
    id: 'getMembers',
    method: 'get',
    path: '/v1/topics/{topic}/members',
    service: 'collect',
    tag: 'topics',
    summary: 'The members of a topic',
    access,
    query: pageQuerySchema,
    replies: {
      200: {
        description: 'A page of members, by name.',
        name: 'MembersReply',
        schema: membersReplySchema,
        example: { topic: 'orders.eu', members: [{ user: '42', joinedAt }] },
      },
    },
  },
  {
    id: 'changeMembers',
    method: 'post',
    path: '/v1/topics/{topic}/members:batch',
    service: 'collect',
    tag: 'topics',
    summary: 'Add and remove many members',
    description: 'A user in both lists is a member afterwards. Idempotent.',
    access,
    request: {
      name: 'MembersRequest',
      schema: membersRequestSchema,
      example: { add: ['42', '43'], remove: ['7'] },
    },
    replies: { 204: { description: 'Durable.' } },
  },
  {
    id: 'addMember',
    method: 'put',
    path: '/v1/topics/{topic}/members/{user}',
    service: 'collect',
    tag: 'topics',
    summary: 'Make a user a member',
    description: 'All devices of the user get what is posted to the topic from now on. Idempotent.',
    access,
    replies: { 204: { description: 'Durable.' } },
    errors: ['validation_failed'],
  },
  {
    id: 'removeMember',
    method: 'delete',
    path: '/v1/topics/{topic}/members/{user}',
    service: 'collect',
    tag: 'topics',
    summary: 'End a membership',
    description: 'Idempotent: 204 too where there was none.',
    access,
    replies: { 204: { description: 'Durable.' } },
    errors: ['validation_failed'],
  },
];
