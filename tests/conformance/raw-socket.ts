// A TCP connection to a WebSocket server, byte by byte: nothing is added, checked or answered for the
// caller. Must never wait without a deadline.
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type ReadFrame, readFrame } from './wire-frame.ts';

/** An answer over HTTP. Names of headers are in lower case. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const waitMsDefault = 8_000;

export class RawSocket {
  readonly #socket: Socket;
  #bytes: Buffer = Buffer.alloc(0);
  #hasEnded = false;
  #waiting: (() => void)[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (data: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, data]);
      this.#wake();
    });
    // A reset ends a connection as well as a goodbye does: what matters is what came before.
    socket.on('error', () => this.#end());
    socket.on('end', () => this.#end());
    socket.on('close', () => this.#end());
  }

  /** To the host and port of a ws, wss, http or https address. @throws what connect says */
  static async open(address: string): Promise<RawSocket> {
    const url = new URL(address);
    const isSecure = url.protocol === 'wss:' || url.protocol === 'https:';
    const where = { host: url.hostname, port: Number(url.port) || (isSecure ? 443 : 80) };
    const socket = isSecure ? connectTls({ ...where, servername: url.hostname }) : connectTcp(where);
    await new Promise<void>((resolve, reject) => {
      socket.once(isSecure ? 'secureConnect' : 'connect', resolve);
      socket.once('error', reject);
    });
    return new RawSocket(socket);
  }

  write(...parts: readonly (Uint8Array | string)[]): void {
    for (const part of parts) this.#socket.write(part);
  }

  /** Nothing is read from now on, so that the other side's writes pile up. */
  stopReading(): void {
    this.#socket.pause();
  }

  /** What comes from now on is thrown away, so that reading it costs nothing. */
  discard(): void {
    this.#socket.removeAllListeners('data');
    this.#socket.on('data', () => {});
  }

  destroy(): void {
    this.#socket.destroy();
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** The head of the answer, and its body if it is a refusal. @throws when it does not come in time */
  async answer(waitMs = waitMsDefault): Promise<HttpAnswer> {
    const headEnd = await this.#until(() => {
      const at = this.#bytes.indexOf('\r\n\r\n');
      return at < 0 ? undefined : at;
    }, waitMs);
    if (headEnd === undefined) return { status: 0, headers: {}, body: 'ended without an answer' };
    const [first = '', ...lines] = this.#bytes.subarray(0, headEnd).toString('latin1').split('\r\n');
    const headers = Object.fromEntries(lines.map(readHeader));
    const status = Number(first.split(' ')[1]);
    const length = status === 101 ? 0 : Number(headers['content-length'] ?? 0);
    await this.#until(() => (this.#bytes.length >= headEnd + 4 + length ? true : undefined), waitMs);
    const body = this.#bytes.subarray(headEnd + 4, headEnd + 4 + length).toString();
    this.#bytes = this.#bytes.subarray(headEnd + 4 + length);
    return { status, headers, body };
  }

  /** The next frame, or undefined when the connection has ended. @throws when nothing comes in time */
  async frame(waitMs = waitMsDefault): Promise<ReadFrame | undefined> {
    const found = await this.#until(() => readFrame(this.#bytes), waitMs);
    if (found) this.#bytes = this.#bytes.subarray(found.size);
    return found;
  }

  /** Whether the other side ends the connection in this time. */
  async endsWithin(waitMs: number): Promise<boolean> {
    const never = () => undefined;
    return this.#until(never, waitMs).then(
      () => true,
      () => false,
    );
  }

  /** What `look` finds, or undefined at the end of the connection. */
  async #until<T>(look: () => T | undefined, waitMs: number): Promise<T | undefined> {
    const deadline = performance.now() + waitMs;
    for (;;) {
      const found = look();
      if (found !== undefined || this.#hasEnded) return found;
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) throw new Error(`nothing more came in ${waitMs} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  #end(): void {
    this.#hasEnded = true;
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

function readHeader(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}
