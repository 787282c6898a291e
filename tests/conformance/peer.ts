// A client of carillon.v1 over a raw socket that keeps what it is sent. It answers pings unless told not to,
// and must never do anything else of its own accord: acks are the caller's.
import { type Asked, upgraded } from './handshake.ts';
import type { RawSocket } from './raw-socket.ts';
import type { Stage } from './stage.ts';
import { closeBytes, frameBytes, opcodes, type ReadFrame, textBytes } from './wire-frame.ts';

/** A frame of the server. */
export interface Frame {
  readonly type: string;
  readonly log?: string;
  readonly seq?: number;
  readonly replay?: boolean;
  readonly [field: string]: unknown;
}

/** Laid over the least hello there is. */
export type Hello = Readonly<Record<string, unknown>>;

export interface PeerOptions {
  /** A new one unless given. */
  readonly user?: string;
  readonly token?: string;
  readonly hello?: Hello;
  readonly headers?: Asked['headers'];
  /** True: pings are left unanswered. */
  readonly isSilent?: boolean;
}

const waitMsDefault = 8_000;

export class Peer {
  readonly frames: Frame[] = [];
  /** Resolves with the close code; 0 when the connection ended without one. */
  readonly closed: Promise<number>;
  readonly user: string;
  readonly #socket: RawSocket;
  readonly #isSilent: boolean;
  #waiting: (() => void)[] = [];
  #isOver = false;

  private constructor(socket: RawSocket, user: string, isSilent: boolean) {
    this.#socket = socket;
    this.user = user;
    this.#isSilent = isSilent;
    this.closed = this.#pump();
  }

  /** An upgraded socket without hello. */
  static async connect(stage: Stage, options: PeerOptions = {}): Promise<Peer> {
    const user = options.user ?? stage.newUser();
    const token = options.token ?? (await stage.token(user));
    const { socketUrl } = stage.target;
    const socket = await upgraded({ socketUrl, token, headers: options.headers ?? {} });
    return new Peer(socket, user, options.isSilent ?? false);
  }

  /** An open session. @throws when no welcome comes */
  static async open(stage: Stage, options: PeerOptions = {}): Promise<Peer> {
    const peer = await Peer.connect(stage, options);
    peer.send(helloWith(options.hello));
    await peer.got(({ type }) => type === 'welcome');
    return peer;
  }

  send(frame: object): void {
    this.sendText(JSON.stringify(frame));
  }

  sendText(text: string): void {
    this.write(textBytes(text));
  }

  write(...bytes: readonly Uint8Array[]): void {
    this.#socket.write(...bytes);
  }

  stopReading(): void {
    this.#socket.stopReading();
  }

  /** Gone without a word. */
  destroy(): void {
    this.#socket.destroy();
  }

  get welcome(): Frame {
    return this.frames.find(({ type }) => type === 'welcome') ?? { type: 'none' };
  }

  /** Of the user's log: where the session starts. */
  get start(): unknown {
    return (this.welcome.logs as Record<string, unknown> | undefined)?.user;
  }

  get seqs(): number[] {
    return this.frames.filter(({ type }) => type === 'message').map(({ seq }) => seq ?? 0);
  }

  /** The first frame that fits, come or coming. @throws when it does not come */
  async got(isIt: (frame: Frame) => boolean, waitMs = waitMsDefault): Promise<Frame> {
    const deadline = performance.now() + waitMs;
    for (;;) {
      const found = this.frames.find(isIt);
      if (found) return found;
      if (this.#isOver) throw new Error(`closed ${await this.closed} after ${this.#story()}`);
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) throw new Error(`not in ${waitMs} ms; there was ${this.#story()}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** Resolves when the server has handled everything that was sent before. */
  async settled(): Promise<void> {
    const ref = `settled-${this.frames.length}-${Math.round(performance.now() * 1_000)}`;
    this.send({ type: 'call', ref, method: 'none' });
    await this.got((frame) => frame.type === 'result' && frame.ref === ref);
  }

  /** The close code, or -1 if the socket is open for longer than that. */
  async closeCode(waitMs = waitMsDefault): Promise<number> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<number>((resolve) => {
      timer = setTimeout(() => resolve(-1), waitMs);
    });
    const code = await Promise.race([this.closed, late]);
    clearTimeout(timer);
    return code;
  }

  /** Closes as a client does that goes away, and waits for the end. */
  async end(): Promise<void> {
    this.write(closeBytes(1000));
    await this.closeCode(2_000);
    this.#socket.destroy();
  }

  async #pump(): Promise<number> {
    for (;;) {
      const frame = await this.#socket.frame(600_000);
      if (frame === undefined) return this.#finish(0);
      if (frame.opcode === opcodes.close) return this.#finish(closeCodeOf(frame) ?? 0);
      if (frame.opcode === opcodes.ping)
        this.write(frameBytes({ opcode: opcodes.pong, payload: frame.payload }));
      if (frame.opcode === opcodes.text) this.#took(JSON.parse(frame.payload.toString()) as Frame);
    }
  }

  #took(frame: Frame): void {
    if (frame.type === 'ping') {
      if (!this.#isSilent) this.send({ type: 'pong' });
      return;
    }
    this.frames.push(frame);
    this.#wake();
  }

  #finish(code: number): number {
    this.#isOver = true;
    if (code !== 0) this.write(closeBytes(code));
    this.#socket.destroy();
    this.#wake();
    return code;
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  #story(): string {
    return this.frames.map(({ type, seq }) => (seq === undefined ? type : `${type} ${seq}`)).join(', ');
  }
}

/** The least hello, with changes. */
export function helloWith(changes: Hello = {}): object {
  return { type: 'hello', instance: 'i1', cursors: {}, topics: [], ...changes };
}

/** Undefined for a close frame without a code. */
export function closeCodeOf({ payload }: ReadFrame): number | undefined {
  return payload.length < 2 ? undefined : payload.readUInt16BE(0);
}
