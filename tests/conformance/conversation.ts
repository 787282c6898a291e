// Plays bytes on an open session and says what came back, in the words of the tables. When the session is
// expected to live on, a `call` after the bytes proves it. Must never add bytes before those of the case.
import type { Case } from './conformance-case.ts';
import { upgraded } from './handshake.ts';
import { closeCodeOf, helloWith } from './peer.ts';
import type { RawSocket } from './raw-socket.ts';
import type { Stage } from './stage.ts';
import { closeBytes, opcodes, type ReadFrame, textBytes } from './wire-frame.ts';

/** The last word of an outcome after which the session still answers. */
export const alive = 'alive';

export interface Row {
  readonly name: string;
  /** Each is one write. */
  readonly bytes: readonly Uint8Array[];
  readonly expect: string | readonly string[];
  /** Messages of the user that are there before. */
  readonly posts?: number;
  /** True: a hello precedes the bytes and the welcome is not told. */
  readonly isGreeted?: boolean;
}

/** A text frame of this JSON text, as a row's bytes. */
export const json = (text: string): Uint8Array[] => [textBytes(text)];

/** Rows as cases. */
export function conversations(group: string, rows: readonly Row[]): Case[] {
  return rows.map((row) => {
    const expected = typeof row.expect === 'string' ? [row.expect] : row.expect;
    return { group, name: row.name, expected, play: (stage) => converse(stage, row, expected) };
  });
}

/** The JSON that asks for nothing and is answered. */
export const callText = (ref: string, data?: unknown): string =>
  JSON.stringify({ type: 'call', ref, method: 'none', data });

const endRef = 'the-end';
const goodbyeMs = 5_000;

async function converse(stage: Stage, row: Row, expected: readonly string[]): Promise<string> {
  const user = stage.newUser();
  const token = await stage.token(user);
  await stage.postMany(user, row.posts ?? 0);
  const socket = await upgraded({ socketUrl: stage.target.socketUrl, token });
  try {
    const words: string[] = [];
    if (row.isGreeted ?? true) words.push(...(await greet(socket, row.posts ?? 0)));
    for (const bytes of row.bytes) {
      socket.write(bytes);
      // Two writes are to be two packets.
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    const isToLive = expected.some((outcome) => outcome.endsWith(alive));
    // What follows hello at once is a case of its own: here it waits for the answer.
    if (isToLive && row.isGreeted === false) words.push(wordOf(await firstFrame(socket)));
    if (isToLive) socket.write(textBytes(callText(endRef)));
    words.push(...(await listen(socket)));
    return words.join(', ');
  } finally {
    socket.destroy();
  }
}

/** Says hello and waits for the welcome and what is there before. */
async function greet(socket: RawSocket, posts: number): Promise<string[]> {
  socket.write(textBytes(JSON.stringify(helloWith())));
  const words: string[] = [];
  while (words.filter((word) => word.startsWith('message')).length < posts || words.length === 0) {
    const frame = await socket.frame();
    if (!frame) return ['ended instead of welcome'];
    words.push(wordOf(frame));
  }
  return words.filter((word) => word !== 'welcome');
}

async function firstFrame(socket: RawSocket): Promise<ReadFrame> {
  const frame = await socket.frame();
  if (!frame) throw new Error('the connection ended without an answer to hello');
  return frame;
}

async function listen(socket: RawSocket): Promise<string[]> {
  const words: string[] = [];
  for (;;) {
    const frame = await socket.frame();
    if (!frame) return [...words, 'cut off'];
    if (frame.opcode === opcodes.close) {
      // A client may still answer the close; the server is to end the connection then.
      socket.write(closeBytes(closeCodeOf(frame)));
      const isOver = await socket.endsWithin(goodbyeMs);
      return [...words, wordOf(frame), ...(isOver ? [] : ['but never ended'])];
    }
    const word = wordOf(frame);
    if (word === `result ${endRef}`) return [...words, alive];
    words.push(word);
  }
}

function wordOf(frame: ReadFrame): string {
  if (frame.isMasked) return 'a masked frame';
  if (frame.reserved !== 0) return 'a frame with reserved bits';
  switch (frame.opcode) {
    case opcodes.text:
      return textWord(JSON.parse(frame.payload.toString()) as Record<string, unknown>);
    case opcodes.pong:
      return `pong ${frame.payload.toString()}`.trim();
    case opcodes.close:
      return `close ${closeCodeOf(frame) ?? 'without a code'}`;
    default:
      return `opcode ${frame.opcode}`;
  }
}

function textWord(frame: Record<string, unknown>): string {
  const about = (frame.seq ?? frame.ref ?? frame.code) as string | number | undefined;
  return about === undefined ? String(frame.type) : `${String(frame.type)} ${about}`;
}
