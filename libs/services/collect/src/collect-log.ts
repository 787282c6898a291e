/** What Collect says in its logs beside its requests. It must never be given a key, a body or a payload. */
import type { Logger } from '@carillon/platform';

export class CollectLog {
  constructor(private readonly log: Logger) {}

  /** A fault of ours in work for which nobody waits any more: no answer tells of it. */
  unseen(fault: unknown): void {
    this.log.error({ err: fault }, 'a fault in work that nobody waits for any more');
  }
}
