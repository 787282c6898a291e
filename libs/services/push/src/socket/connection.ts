/**
 * One socket: the only code that touches `ws` when data flows. Frames of one turn leave as one system call.
 * It knows nothing of sessions and never buffers on its own.
 */
import type { Socket } from 'node:net';
import { closeCodes, limits } from '@carillon/wire';
import type { RawData, WebSocket } from 'ws';

/** What the socket tells whoever listens. Exactly one `onClose`, after which nothing follows. */
export interface ConnectionListener {
  onText(text: string): void;
  onBinary(): void;
  /** The socket took what it had refused before. */
  onDrain(): void;
  onClose(code: number): void;
}

const noop = () => {};

export class Connection {
  private listener: ConnectionListener = { onText: noop, onBinary: noop, onDrain: noop, onClose: noop };
  private isCorked = false;
  private closedWith: number | undefined;
  private readonly wire: Socket;

  /** The socket is paused: nothing is read until `resume`. */
  constructor(
    private readonly socket: WebSocket,
    readonly id: string,
  ) {
    // ws keeps the TCP socket to itself; corking it is what makes one system call of many frames.
    this.wire = (socket as unknown as { _socket: Socket })._socket;
    socket.pause();
    socket.on('message', (data, isBinary) => this.received(data, isBinary));
    socket.on('close', (code) => {
      this.closedWith = code;
      this.listener.onClose(code);
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

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** Bytes that the kernel has not taken yet. */
  get backlogBytes(): number {
    return this.socket.bufferedAmount;
  }

  get isOpen(): boolean {
    return this.socket.readyState === this.socket.OPEN;
  }

  /** Writes a text frame; what is sent until the end of this turn leaves together. Ignored once closing. */
  send(frame: string | Uint8Array): void {
    if (!this.isOpen) return;
    if (!this.isCorked) {
      this.isCorked = true;
      this.wire.cork();
      queueMicrotask(() => {
        this.isCorked = false;
        this.wire.uncork();
      });
    }
    this.socket.send(frame, { binary: false, compress: false });
  }

  /** Closes with the verdict; a peer that does not answer is cut off by ws after its own time-out. */
  close(code: number, reason: string): void {
    this.socket.resume(); // a paused socket would never see the peer's answer
    this.socket.close(code, reason.slice(0, 120));
  }

  /** Cuts the socket without a close frame. */
  terminate(): void {
    this.socket.terminate();
  }

  private received(data: RawData, isBinary: boolean): void {
    const bytes = data as Buffer; // binaryType is left at its default, one Buffer per message
    if (isBinary) this.listener.onBinary();
    else if (bytes.length > limits.frameBytesMax) this.close(closeCodes.frameTooBig, 'frame too big');
    else this.listener.onText(bytes.toString());
  }
}
