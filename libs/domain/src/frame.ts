/**
 * An entry as the frame that a device gets.
 * The text is made once, in Collect, or again when a log is replayed.
 */
import { encodeMessage } from '@carillon/wire';
import { type Entry, messageIdOf } from './entry.js';
import { wireLog } from './keys.js';

/** JSON text of the `message` frame. `isReplay`: read from the store rather than delivered live. */
export function entryFrame(entry: Entry, isReplay = false): string {
  return encodeMessage({
    log: wireLog(entry.log),
    seq: entry.seq,
    id: messageIdOf(entry.id),
    event: entry.event,
    sentAt: entry.acceptedAt,
    expiresAt: entry.expiresAt,
    ...(entry.data === undefined ? {} : { dataJson: entry.data }),
    ...(entry.notification === undefined ? {} : { notificationJson: entry.notification }),
    ...(isReplay ? { replay: true } : {}),
  });
}
