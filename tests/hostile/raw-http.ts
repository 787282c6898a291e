// Requests over a bare TCP connection, for what no client of HTTP would send. Must never wait for longer than
// it is told.
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface RawOutcome {
  /** 0 when the connection ended without an answer, -1 when it was still open. */
  readonly status: number;
  readonly text: string;
  readonly ms: number;
}

/** Bytes, or how long to wait before the next ones. */
export type Piece = string | Uint8Array | number;

/** Sends the pieces and waits for the other side to end the connection. */
export async function rawRequest(url: string, pieces: Iterable<Piece>, waitMs = 3_000): Promise<RawOutcome> {
  const startedAt = performance.now();
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let text = '';
  socket.on('data', (data) => {
    text += data;
  });
  socket.on('error', () => {}); // A reset is an end as well.
  const closed = new Promise<true>((resolve) => socket.once('close', () => resolve(true)));
  void writeAll(socket, pieces);
  const isOver = await Promise.race([closed, sleep(waitMs, false)]);
  socket.destroy();
  const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1];
  const unanswered = isOver ? 0 : -1;
  return { status: status ? Number(status) : unanswered, text, ms: performance.now() - startedAt };
}

async function writeAll(socket: ReturnType<typeof connect>, pieces: Iterable<Piece>): Promise<void> {
  for (const piece of pieces) {
    if (socket.destroyed) return;
    if (typeof piece === 'number') await sleep(piece);
    else socket.write(piece);
  }
}
