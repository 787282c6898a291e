/**
 * Why handshakes were refused: a WebSocket of the platform closes with 1006 whatever HTTP said, so this
 * listens to the platform's own HTTP client. Must never change what it hears.
 */
import { subscribe } from 'node:diagnostics_channel';

const headersChannel = 'undici:request:headers';
const switching = 101;
/** Refusals that nobody asked about are forgotten. */
const keptMax = 1_000;

interface Heard {
  readonly request: { readonly path: string };
  readonly response: { readonly statusCode: number };
}

/** The statuses of this thread's handshakes that were not 101, oldest first. */
export class Handshakes {
  readonly #refusals: number[] = [];

  constructor(path: string) {
    subscribe(headersChannel, (message) => {
      const { request, response } = message as Heard;
      if (request.path !== path || response.statusCode === switching) return;
      this.#refusals.push(response.statusCode);
      if (this.#refusals.length > keptMax) this.#refusals.shift();
    });
  }

  /** The status of a handshake that has failed by now; which one it was does not matter for a count. */
  take(): string {
    const status = this.#refusals.shift();
    return status === undefined ? 'no answer' : `HTTP ${status}`;
  }
}
