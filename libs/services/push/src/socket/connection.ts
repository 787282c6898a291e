/**
 * One socket: the only code that touches `ws` when data flows. Frames of one turn leave as one system call.
 * It knows nothing of sessions, and keeps only the few frames that come in after it was paused.
 */
import { Socket } from 'node:net';
import { closeCodes, limits } from '@carillon/wire';
import type { RawData, WebSocket } from 'ws';
import { type Framed, framed, textsOf } from './framed.js';

/** What the socket tells whoever listens. Exactly one `onClose`, after which nothing follows. */
export interface ConnectionListener {
  onText(text: string): void;
  onBinary(): void;
  /** A ping or pong of the WebSocket protocol itself; a ping is answered already. */
  onControl(): void;
  /** The socket took what it had refused before. */
  onDrain(): void;
  onClose(code: number): void;
}

const noop = () => {};
const nobody: ConnectionListener = {
  ...{ onText: noop, onBinary: noop, onControl: noop, onDrain: noop, onClose: noop },
};
/** What came in one packet with the frame after which the socket was paused. */
const heldFramesMax = 16;
/** RFC 6455, section 5.5. */
const reasonBytesMax = 123;
const encoder = new TextEncoder();
const asText = { binary: false, compress: false };

export class Connection {
  private listener = nobody;
  private held: string[] | undefined;
  private isPaused = true;
  private isCorked = false;
  private closedWith: number | undefined;
  /** Why we closed: a peer that never answers would leave 1006, which says nothing. */
  private verdict: number | undefined;
  private readonly wire: Socket;
  /** Nothing stands between a frame and TCP (no extension), so that frames may be written as they are. */
  private readonly isPlain: boolean;

  /** The socket is paused: nothing is read until `resume`. */
  constructor(
    private readonly socket: WebSocket,
    readonly id: string,
  ) {
    // ws keeps the TCP socket to itself; corking it is what makes one system call of many frames.
    this.wire = (socket as unknown as { _socket: Socket })._socket;
    this.isPlain = socket.extensions === '' && this.wire instanceof Socket;
    socket.pause();
    socket.on('message', (data, isBinary) => this.received(data, isBinary));
    socket.on('ping', (data) => {
      if (this.isOpen) socket.pong(data);
      this.controlled();
    });
    socket.on('pong', () => this.controlled());
    socket.on('close', (code) => {
      this.closedWith = this.verdict ?? code;
      this.listener.onClose(this.closedWith);
    });
    // A broken frame closes the socket with its own code; the cause is counted by that code.
    socket.on('error', noop);
    this.wire.on('drain', () => this.listener.onDrain());
  }

  /** Replaces the listener. If the socket has closed meanwhile, `onClose` is called at once. */
  listen(listener: ConnectionListener): void {
    this.listener = listener;
    if (this.closedWith !== undefined) listener.onClose(this.closedWith);
  }

  /** No text reaches the listener until `resume`, not even one that has been read already. */
  pause(): void {
    this.isPaused = true;
    this.socket.pause();
  }

  resume(): void {
    this.isPaused = false;
    while (!this.isPaused) {
      const text = this.held?.shift();
      if (text === undefined) {
        this.held = undefined;
        this.socket.resume();
        return;
      }
      this.listener.onText(text);
    }
  }

  /** Bytes that the kernel has not taken yet. */
  get backlogBytes(): number {
    return this.isPlain ? this.wire.writableLength : this.socket.bufferedAmount;
  }

  get isOpen(): boolean {
    return this.socket.readyState === this.socket.OPEN;
  }

  /** Writes a text in a frame of its own, as `write` does. */
  send(text: string | Uint8Array): void {
    this.write(framed(text));
  }

  /** Writes frames; what is written until the end of this turn leaves together. Ignored once closing. */
  write(frames: Framed): void {
    if (!this.isOpen) return;
    if (!this.isCorked) this.cork();
    this.put(frames);
  }

  /** The same for what is all of this turn: nothing is waited for. */
  writeAlone(frames: Framed): void {
    if (this.isOpen) this.put(frames);
  }

  /**
   * Closes with the verdict, the first one counts. Whatever still comes in is dropped unread: a flood must
   * cost nothing any more. A peer that does not answer is cut off by ws after its own time-out.
   */
  close(code: number, reason: string): void {
    if (!this.isOpen) return;
    this.verdict = code;
    this.isPaused = false;
    this.held = undefined;
    this.socket.resume(); // a paused socket would never see the peer's answer
    this.socket.close(code, fitting(reason));
  }

  /** Cuts the socket without a close frame. */
  terminate(): void {
    this.socket.terminate();
  }

  private put(frames: Framed): void {
    if (this.isPlain) this.wire.write(frames);
    else for (const text of textsOf(frames)) this.socket.send(text, asText);
  }

  private cork(): void {
    this.isCorked = true;
    this.wire.cork();
    if (corked.push(this) === 1) queueMicrotask(uncorkAll);
  }

  /** The turn is over. */
  uncork(): void {
    this.isCorked = false;
    this.wire.uncork();
  }

  private controlled(): void {
    if (this.isOpen) this.listener.onControl();
  }

  private received(data: RawData, isBinary: boolean): void {
    if (!this.isOpen) return;
    const bytes = data as Buffer; // binaryType is left at its default, one Buffer per message
    if (isBinary) this.listener.onBinary();
    else if (bytes.length > limits.frameBytesMax) this.close(closeCodes.frameTooBig, 'frame too big');
    else if (this.isPaused) this.hold(bytes.toString());
    else this.listener.onText(bytes.toString());
  }

  private hold(text: string): void {
    this.held ??= [];
    if (this.held.length < heldFramesMax) this.held.push(text);
    else this.close(closeCodes.rateLimited, 'too many frames before the welcome');
  }
}

/** Connections that were written to in this turn; as many as there are at most. */
let corked: Connection[] = [];

function uncorkAll(): void {
  const all = corked;
  corked = [];
  for (const connection of all) connection.uncork();
}

/** As much of the reason as a close frame has room for; ws throws when it is more. */
function fitting(reason: string): string {
  return reason.slice(0, encoder.encodeInto(reason, new Uint8Array(reasonBytesMax)).read);
}
