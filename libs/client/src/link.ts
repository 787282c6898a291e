/**
 * One attempt from its token to the end of its socket: reads frames, answers pings and notices silence. Must
 * never call back after its end, and never decides what comes next.
 */
import type { ClientFrame, closeCodes, Hello, ServerFrame } from '@carillon/wire';
import { bearerPrefix, subprotocol } from '@carillon/wire';
import type { Socket, Surroundings } from './surroundings.js';

const tokenTimeoutMs = 10_000;
// For the opening, and again for the welcome.
const handshakeTimeoutMs = 5_000;
const silentHeartbeats = 1.5;
const heartbeatMissed: typeof closeCodes.heartbeatMissed = 4202;

/**
 * A socket whose silence has a limit: 10 s for the token,
 * 5 s until it is open, 5 s until the welcome, then 1.5 heartbeats.
 */
export interface Link {
  /** Only once the link is open; after its end the frame is lost. */
  send(frame: ClientFrame): void;
  /** Ends the link and tells its owner, without waiting for a peer that may be dead. */
  fail(code: number, reason?: string): void;
  /** Ends the link without a call back. */
  close(code?: number): void;
}

/** What a link asks of its owner, and tells it. */
export interface LinkOwner {
  readonly url: string;
  readonly token: (signal: AbortSignal) => Promise<string>;
  readonly hello: () => Hello;
  readonly onFrame: (link: Link, frame: ServerFrame) => void;
  /** Once, and the last call; also for an end that the client chose by `fail`. */
  readonly onEnd: (link: Link, code: number, reason: string) => void;
}

/** Starts an attempt. A closure, not a class: it weighs less. */
export function openLink({ timer, WebSocket }: Surroundings, owner: LinkOwner): Link {
  const ended = new AbortController();
  const { signal } = ended;
  let socket: Socket | undefined;
  const silence = timer();
  let silenceMaxMs: number;
  const hear = (maxMs: number) => {
    silenceMaxMs = maxMs;
    silence(() => link.fail(heartbeatMissed), maxMs);
  };
  const link: Link = {
    send: (frame) => socket?.send(JSON.stringify(frame)),
    fail(code, reason = '') {
      if (signal.aborted) return;
      link.close(code);
      owner.onEnd(link, code, reason);
    },
    close(code = 0) {
      ended.abort();
      silence();
      // Other codes (1006, 1001) may not be used by a page.
      socket?.close(code < 4000 ? 1000 : code);
    },
  };
  const read = (data: unknown) => {
    const frame = parse(data);
    hear(frame.type === 'welcome' ? silentHeartbeats * frame.heartbeatMs : silenceMaxMs);
    if (frame.type === 'ping') link.send({ type: 'pong' });
    owner.onFrame(link, frame);
  };
  const open = (token: string) => {
    if (signal.aborted) return;
    socket = new WebSocket(owner.url, [subprotocol, bearerPrefix + token]);
    hear(handshakeTimeoutMs);
    socket.onopen = () => {
      hear(silenceMaxMs);
      link.send(owner.hello());
    };
    socket.onmessage = ({ data }) => read(data);
    socket.onclose = ({ code, reason }) => link.fail(code, reason);
  };
  hear(tokenTimeoutMs);
  // No token, or an address that WebSocket refuses: as if the network had failed.
  owner
    .token(signal)
    .then(open)
    .catch((error) => link.fail(0, `${error}`));
  return link;
}

// Tolerant on purpose: wire's full decoder costs more than the whole SDK may weigh. Garbage is a frame of no
// type, which nobody heeds; where it was a message,
// the next one is out of line and the SDK resumes from its cursor.
function parse(data: unknown): ServerFrame {
  try {
    return Object(JSON.parse(data as string)) as ServerFrame;
  } catch {
    // Not JSON; see above.
    return {} as ServerFrame;
  }
}
