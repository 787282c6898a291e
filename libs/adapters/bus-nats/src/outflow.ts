/**
 * How much was written that the server has not taken yet. The driver itself would buffer without bound
 * towards a server that is frozen; this must never let it.
 */
import type { NatsConnection } from 'nats';

/** What may be under way, and from how much on the server is asked whether it has it. */
const outflowBytesMax = 33_554_432;
const outflowAskBytes = 1_048_576;
/** Subject, reply subject and lengths of a message, about. */
const overheadBytes = 128;

export class Outflow {
  readonly #connection: Pick<NatsConnection, 'flush'>;
  #untakenBytes = 0;
  #isAsking = false;

  constructor(connection: Pick<NatsConnection, 'flush'>) {
    this.#connection = connection;
  }

  /** Whether a message of this size may be written now; if so it counts as written. */
  admits(bytes: number): boolean {
    if (this.#untakenBytes + bytes > outflowBytesMax) return false;
    this.#untakenBytes += bytes + overheadBytes;
    if (!this.#isAsking && this.#untakenBytes > outflowAskBytes) this.#ask();
    return true;
  }

  #ask(): void {
    const asked = this.#untakenBytes;
    this.#isAsking = true;
    // The answer to a flush comes after the server has read all that was written before it.
    this.#connection.flush().then(
      () => {
        this.#untakenBytes -= asked;
        this.#isAsking = false;
      },
      () => {}, // The connection is gone, and this with it.
    );
  }
}
