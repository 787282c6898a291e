/** Delivery = message × user × device: the closed tables of what can become of it. */

/**
 * Where a delivery stands. `delivered` means settled by a handler in the page, never "the socket took it".
 */
export const deliveryStatuses = [
  'queued',
  'sent',
  'delivered',
  'failed',
  'expired',
  'superseded',
  'recalled',
] as const;
export type DeliveryStatus = (typeof deliveryStatuses)[number];

/** Why a delivery is not `delivered`. */
export const deliveryReasons = [
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
] as const;
export type DeliveryReason = (typeof deliveryReasons)[number];
