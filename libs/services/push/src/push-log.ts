/** What Push says in its logs: ids and codes. It must never be given a token, a frame or a payload. */
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

  /** A batch of doorbells that another version wrote; its messages come up to 15 s late. */
  unreadable(error: RangeError): void {
    this.log.warn({ err: error }, 'doorbells that cannot be read');
  }
}
