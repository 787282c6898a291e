/** One attempt from its token to the end of its socket: reads frames, answers pings and notices silence. Must never
 *  call back after its end, and never decides what comes next. */
import type { ClientFrame, closeCodes, Hello, ServerFrame } from '@carillon/wire';
import { bearerPrefix, subprotocol } from '@carillon/wire';
import type { Socket, Surroundings } from './surroundings.js';

const tokenTimeoutMs = 10_000;
// For the opening, and again for the welcome.
const handshakeTimeoutMs = 5_000;
const silentHeartbeats = 1.5;
const heartbeatMissed: typeof closeCodes.heartbeatMissed = 4202;

/** What a link asks of its owner, and tells it. */
export interface LinkOwner {
  readonly url: string;
  readonly token: (signal: AbortSignal) => Promise<string>;
  readonly hello: () => Hello;
  readonly onFrame: (link: Link, frame: ServerFrame) => void;
  /** Once, and the last call; also for an end that the client chose by `fail`. */
  readonly onEnd: (link: Link, code: number, reason: string) => void;
}

/** A socket whose silence has a limit: 10 s for the token, 5 s until it is open, 5 s until the welcome, then 1.5
 *  heartbeats. */
export class Link {
  readonly #around: Surroundings;
  readonly #owner: LinkOwner;
  readonly #ended = new AbortController();
  #socket: Socket | undefined;
  #cancel: (() => void) | undefined;
  #heardAt = 0;
  #silenceMaxMs = tokenTimeoutMs;

  constructor(around: Surroundings, owner: LinkOwner) {
    this.#around = around;
    this.#owner = owner;
    this.#hear();
    void this.#open();
  }

  /** Aborts when the link has ended. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** Only once the link is open; after its end the frame is lost. */
  send(frame: ClientFrame): void {
    this.#socket?.send(JSON.stringify(frame));
  }

  /** Ends the link if it has been silent for too long; looks again when that may be. */
  watch(): void {
    const { now, later } = this.#around;
    this.#cancel?.();
    // A wall clock set back must not make a dead socket look alive.
    this.#heardAt = Math.min(this.#heardAt, now());
    const leftMs = this.#heardAt + this.#silenceMaxMs - now();
    if (leftMs > 0) this.#cancel = later(() => this.watch(), leftMs);
    else this.fail(heartbeatMissed, 'silence');
  }

  /** Ends the link and tells its owner, without waiting for a peer that may be dead. */
  fail(code: number, reason = ''): void {
    if (this.signal.aborted) return;
    this.close(code);
    this.#owner.onEnd(this, code, reason);
  }

  /** Ends the link without a call back. */
  close(code = 1000): void {
    this.#ended.abort();
    this.#cancel?.();
    // Other codes (1006, 1001) may not be used by a page.
    this.#socket?.close(code < 4000 ? 1000 : code);
  }

  async #open(): Promise<void> {
    const owner = this.#owner;
    try {
      const token = await owner.token(this.signal);
      if (this.signal.aborted) return;
      const socket = new this.#around.WebSocket(owner.url, [subprotocol, bearerPrefix + token]);
      this.#socket = socket;
      this.#hear(handshakeTimeoutMs);
      socket.onopen = () => {
        this.#hear();
        this.send(owner.hello());
      };
      socket.onmessage = ({ data }) => this.#read(data);
      socket.onclose = ({ code, reason }) => this.fail(code, reason);
    } catch (error) {
      // No token, or an address that WebSocket refuses: as if the network had failed.
      this.fail(0, `${error}`);
    }
  }

  #read(data: unknown): void {
    this.#heardAt = this.#around.now();
    const frame = parse(data);
    if (frame?.type === 'ping') this.send({ type: 'pong' });
    if (frame?.type === 'welcome') this.#hear(silentHeartbeats * frame.heartbeatMs);
    if (frame) this.#owner.onFrame(this, frame);
  }

  #hear(silenceMaxMs = this.#silenceMaxMs): void {
    this.#heardAt = this.#around.now();
    this.#silenceMaxMs = silenceMaxMs;
    this.watch();
  }
}

// Tolerant on purpose: wire's full decoder costs more than the whole SDK may weigh. Garbage is passed over; where it
// was a message, the next one is out of line and the SDK resumes from its cursor.
function parse(data: unknown): ServerFrame | undefined {
  try {
    const frame = JSON.parse(data as string) as ServerFrame;
    return typeof frame.type === 'string' ? frame : undefined;
  } catch {
    // Not JSON, or null; see above.
    return undefined;
  }
}
