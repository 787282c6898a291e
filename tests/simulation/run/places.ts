/** What is shown of a place against what was committed there. */
import { type LogKey, messageIdOf } from '@carillon/domain';
import { type Chronicle, numberOf } from './chronicle.js';
import type { Truth } from './truth.js';

export interface Shown {
  readonly log: LogKey;
  readonly seq: number;
  readonly id: string | undefined;
  readonly n: number | undefined;
}

/** One place is one message for everybody and for ever, with the content that was posted. */
export function checkPlace(truth: Truth, chronicle: Chronicle, { log, seq, id, n }: Shown): void {
  const entry = chronicle.at(log, seq);
  if (!entry) truth.violate('I4', `${log} ${seq} (${id}) is shown and was never committed`);
  else if (messageIdOf(entry.id) !== id)
    truth.violate('I4', `${log} ${seq} is ${entry.id} and shown as ${id}`);
  else if (numberOf(entry) !== n) truth.violate('I5', `${log} ${seq} is shown with another content`);
}
