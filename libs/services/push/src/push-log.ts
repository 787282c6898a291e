/** What Push says in its logs: ids and codes. It must never be given a token, a frame or a payload. */
import { messageIdOf } from '@carillon/domain';
import type { Logger } from '@carillon/platform';

export class PushLog {
  constructor(private readonly log: Logger) {}

  /** `result` as in the metric `carillon_connects_total`. */
  connected(connection: string, result: string): void {
    this.log.debug({ connection, result }, 'connection');
  }

  disconnected(connection: string, code: number): void {
    this.log.debug({ connection, code }, 'connection closed');
  }

  /** At the first lease, and whenever the route table may have forgotten this node. */
  registeredAgain(users: number): void {
    this.log.info({ users }, 'registering users again: first lease, lost lease, or a claim that failed');
  }

  /** Doorbells or a notice that another version wrote; what they told comes up to 15 s late. */
  unreadable(error: RangeError | SyntaxError | TypeError): void {
    this.log.warn({ err: error.name }, 'doorbells or a notice that cannot be read');
  }

  /** An entry of which no frame can be made. */
  poisoned(entry: string): void {
    this.log.error({ entry: messageIdOf(entry) }, 'an entry that no client could read is skipped');
  }
}
