/**
 * What became of a message: `GET /v1/messages/{id}` and `GET /v1/messages/{id}/deliveries/{user}`, the
 * support answer. Must never show names of the store, the routes or the bus.
 */
import { z } from 'zod';
import { time } from './iso-time.js';
import { messageLinksSchema } from './message-reply.js';

/** Where a delivery stands. `delivered`: the handler in the page has run. */
export const deliveryStatus = z.enum([
  'queued',
  'sent',
  'delivered',
  'failed',
  'expired',
  'superseded',
  'recalled',
]);
export type DeliveryStatusName = z.infer<typeof deliveryStatus>;

/** Why it is not `delivered`: a closed table. */
export const deliveryReason = z.enum([
  'pending',
  'offline',
  'expired',
  'superseded',
  'recalled',
  'slow_consumer',
  'handler_failed',
  'unhandled',
  'poison',
  'unauthorised',
  'no_devices',
]);
export type DeliveryReasonName = z.infer<typeof deliveryReason>;

/**
 * `scheduled` until its time has come, or `cancelled` before; `accepted` while it may still be delivered to
 * somebody; then `done`, or `expired` if nobody was given it.
 */
export const messageStatus = z.enum(['scheduled', 'cancelled', 'accepted', 'done', 'expired']);
export type MessageStatusName = z.infer<typeof messageStatus>;

/**
 * `counts`: its users by the status of their furthest delivery; absent for a topic and for all, whose
 * followers are not counted, and before the time of a scheduled one.
 */
export const messageAnswerSchema = z.strictObject({
  id: z.string(),
  event: z.string(),
  status: messageStatus,
  recipients: z.int(),
  counts: z.record(deliveryStatus, z.int()).optional(),
  acceptedAt: time,
  sendAt: time.optional(),
  expiresAt: time,
  externalId: z.string().optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  links: messageLinksSchema,
});
export type MessageAnswer = z.infer<typeof messageAnswerSchema>;

const way = z.enum(['live', 'replay', 'anti-entropy']);

/** A device of the user, or a connection that named none. `connection` and `node`: where it was sent last. */
export const deviceDeliverySchema = z.strictObject({
  device: z.string().optional(),
  app: z.string().optional(),
  status: deliveryStatus,
  reason: deliveryReason.optional(),
  connection: z.string().optional(),
  node: z.string().optional(),
  sentAt: time.optional(),
  deliveredAt: time.optional(),
  /** How it reached the socket. */
  way: way.optional(),
});
export type DeviceDelivery = z.infer<typeof deviceDeliverySchema>;

/** One thing that happened, in order of time. */
export const timelineEventSchema = z.strictObject({
  at: time,
  event: z.enum([
    'accepted',
    'connected',
    'sent',
    'delivered',
    'failed',
    'unhandled',
    'read',
    'disconnected',
    'expired',
  ]),
  node: z.string().optional(),
  device: z.string().optional(),
  connection: z.string().optional(),
  seq: z.int().optional(),
  way: way.optional(),
  closeCode: z.int().optional(),
});
export type TimelineEvent = z.infer<typeof timelineEventSchema>;

/** The support answer. `summary` is one sentence for people. */
export const deliveryAnswerSchema = z.strictObject({
  summary: z.string(),
  message: z.string(),
  user: z.string(),
  event: z.string(),
  status: deliveryStatus,
  reason: deliveryReason.optional(),
  acceptedAt: time,
  expiresAt: time,
  /** When the page said that the user has read it. */
  readAt: time.optional(),
  devices: z.array(deviceDeliverySchema),
  timeline: z.array(timelineEventSchema),
});
export type DeliveryAnswer = z.infer<typeof deliveryAnswerSchema>;
