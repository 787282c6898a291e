/**
 * How a mark is set: the same for producers, purge and erasure. A mark that is set stays, save that a recall
 * replaces any; content that was removed never comes back.
 */
import type { Mark } from '@carillon/domain';
import type { mongo } from 'mongoose';

const content = ['data', 'notification', 'origin.metadata'];

/** The update as a pipeline: it looks at the mark that is there, and changes nothing the second time. */
export function markUpdate(mark: Mark): mongo.Document[] {
  const set = { $set: { mark: mark === 'recalled' ? mark : { $ifNull: ['$mark', mark] } } };
  return mark === 'superseded' ? [set] : [set, { $unset: content }];
}
