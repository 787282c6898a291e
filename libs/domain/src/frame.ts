/**
 * An entry as the frame that a device gets.
 * The text is made once, in Collect, or again when a log is replayed.
 */
import { encodeMessage, encodeVolatile } from '@carillon/wire';
import { type Draft, type Entry, messageIdOf } from './entry.js';
import { wireLog } from './keys.js';

/** JSON text of the `message` frame. `isReplay`: read from the store rather than delivered live. */
export function entryFrame(entry: Entry, isReplay = false): string {
  return encodeMessage({
    ...contentOf(entry),
    seq: entry.seq,
    expiresAt: entry.expiresAt,
    ...(isReplay ? { replay: true } : {}),
  });
}

/** JSON text of the `volatile` frame of a draft that is in no log. */
export function volatileFrame(draft: Draft): string {
  return encodeVolatile(contentOf(draft));
}

function contentOf({ log, id, event, acceptedAt, data, notification }: Draft) {
  return {
    log: wireLog(log),
    id: messageIdOf(id),
    event,
    sentAt: acceptedAt,
    ...(data === undefined ? {} : { dataJson: data }),
    ...(notification === undefined ? {} : { notificationJson: notification }),
  };
}
