/**
 * Surroundings of the SDK under full control of a test: time, chance, sockets, wake-ups. Must never touch a
 * real clock or network.
 */
import type { ClientFrame, Hello, LogStart, MessageFrame, ServerFrame, Welcome } from '@carillon/wire';
import { decodeClientFrame, encodeFrame } from '@carillon/wire';
import type { Socket, Surroundings } from '../surroundings.js';

const turnsPerStep = 20;

/** One socket, with the server's end of it in the hands of the test. */
export class FakeSocket implements Socket {
  onopen: Socket['onopen'] = null;
  onmessage: Socket['onmessage'] = null;
  onclose: Socket['onclose'] = null;
  readonly url: string;
  readonly subprotocols: readonly string[];
  /** What the SDK has sent; each was a valid frame. */
  readonly frames: ClientFrame[] = [];
  /** The code with which the SDK has closed. */
  closedWith: number | undefined;
  #stage: 'connecting' | 'open' | 'closed' = 'connecting';

  constructor(url: string, subprotocols: string[]) {
    this.url = url;
    this.subprotocols = subprotocols;
  }

  get isLive(): boolean {
    return this.#stage !== 'closed';
  }

  send(text: string): void {
    if (this.#stage === 'connecting') throw new Error('InvalidStateError');
    if (this.#stage === 'closed') return;
    const decoded = decodeClientFrame(text);
    if (!decoded.ok) throw new Error(`the SDK sent ${text}: ${decoded.reason}`);
    this.frames.push(decoded.frame);
  }

  close(code: number, reason?: string): void {
    if (code !== 1000 && (code < 3000 || code > 4999)) throw new Error('InvalidAccessError');
    if (!this.isLive) return;
    this.closedWith = code;
    this.#stage = 'closed';
    // A browser reports the end of its own close, too.
    queueMicrotask(() => this.onclose?.({ code, reason: reason ?? '' }));
  }

  /** The handshake succeeds. */
  accept(): void {
    this.#stage = 'open';
    this.onopen?.();
  }

  /** The server sends; nothing arrives on a socket that is closing. */
  push(...frames: ServerFrame[]): void {
    for (const frame of frames) this.pushText(encodeFrame(frame));
  }

  pushText(data: unknown): void {
    if (this.#stage === 'open') this.onmessage?.({ data });
  }

  /** The server closes, or the network does (1006). */
  end(code = 1006, reason = ''): void {
    if (!this.isLive) return;
    this.#stage = 'closed';
    this.onclose?.({ code, reason });
  }

  /** All frames of one type. */
  sent<T extends ClientFrame['type']>(type: T): Extract<ClientFrame, { type: T }>[] {
    return this.frames.filter((frame): frame is Extract<ClientFrame, { type: T }> => frame.type === type);
  }

  get hello(): Hello {
    const [hello] = this.sent('hello');
    if (!hello) throw new Error('no hello was sent');
    return hello;
  }
}

interface Alarm {
  readonly at: number;
  readonly run: () => unknown;
}

/** A browser of its own. `draws` answers `random`; 0.5 unless told. */
export class FakeWorld {
  readonly sockets: FakeSocket[] = [];
  readonly errors: unknown[] = [];
  draws: () => number = () => 0.5;
  nowMs = 0;
  #alarms: Alarm[] = [];
  readonly #wakes = new Set<() => unknown>();

  /** What to spread into the options of a Carillon. */
  readonly surroundings: Surroundings = {
    WebSocket: recorded(this.sockets),
    timer: () => {
      let alarm: Alarm | undefined;
      return (run, ms = 0) => {
        this.#alarms = this.#alarms.filter((other) => other !== alarm);
        alarm = run && { at: this.nowMs + ms, run };
        if (alarm) this.#alarms.push(alarm);
      };
    },
    random: () => this.draws(),
    onWake: (wake, signal) => {
      this.#wakes.add(wake);
      signal.addEventListener('abort', () => this.#wakes.delete(wake));
    },
    onError: (error) => this.errors.push(error),
  };

  /** The newest socket. */
  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (!socket) throw new Error('no socket was opened');
    return socket;
  }

  get timersPending(): number {
    return this.#alarms.length;
  }

  get isListeningForWakes(): boolean {
    return this.#wakes.size > 0;
  }

  /** The network is back, or the tab is visible again. */
  wake(): void {
    for (const wake of this.#wakes) wake();
  }

  /** Lets time pass; every timer runs at its moment, and promises settle in between. */
  async advance(ms: number): Promise<void> {
    const until = this.nowMs + ms;
    await this.settle();
    for (;;) {
      const [next] = this.#alarms.filter(({ at }) => at <= until).sort((one, other) => one.at - other.at);
      if (!next) break;
      this.nowMs = Math.max(this.nowMs, next.at);
      this.#alarms = this.#alarms.filter((other) => other !== next);
      next.run();
      await this.settle();
    }
    this.nowMs = until;
  }

  /** Lets promises settle without letting time pass. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < turnsPerStep; turn += 1) await Promise.resolve();
  }

  /** The newest socket is accepted and welcomed. */
  async open(logs: Readonly<Record<string, LogStart>> = { user: startAt(0) }, more: Partial<Welcome> = {}) {
    await this.settle();
    const { socket } = this;
    socket.accept();
    socket.push(welcomeOf(logs, more));
    await this.settle();
    return socket;
  }
}

/** A log that resumes after `from`. */
export function startAt(from: number, head = from, resumed = true): LogStart {
  return { from, head, resumed };
}

/** A welcome for user `u` in epoch `e1`, unless told otherwise. */
export function welcomeOf(logs: Readonly<Record<string, LogStart>>, more: Partial<Welcome> = {}): Welcome {
  return {
    type: 'welcome',
    connection: 'c1',
    node: 'n1',
    epoch: 'e1',
    user: 'u',
    device: 'd1',
    logs,
    heartbeatMs: 25_000,
    window: 64,
    tokenExpiresAt: 900_000,
    limits: { frameBytesMax: 16_384, ackWindowBytes: 262_144, topicsPerSessionMax: 256 },
    ...more,
  };
}

/** The message `seq` of a log, with an id of its own. */
export function messageAt(seq: number, log = 'user', event = 'e'): MessageFrame {
  return { type: 'message', log, seq, id: `m_${log}_${seq}`, event, sentAt: 0 };
}

function recorded(sockets: FakeSocket[]): Surroundings['WebSocket'] {
  return class extends FakeSocket {
    constructor(url: string, subprotocols: string[]) {
      super(url, subprotocols);
      sockets.push(this);
    }
  };
}
