// One socket that does what a row tells it to, wrong things too; it minds the user's log alone, acks only if
// asked and never reconnects.
// Must never repair what the server did wrong: it counts it.
import { once } from 'node:events';
import { WebSocket } from 'ws';

export interface ProbePlan {
  readonly url: string;
  readonly token: string;
  readonly device: string;
  /** The device's own unless given. */
  readonly instance?: string;
  /** Of the user's log; without it the server chooses. */
  readonly cursor?: number;
  readonly isAcking?: boolean;
}

export interface ProbeMessage {
  readonly seq: number;
  readonly id: string;
  readonly data: { readonly n?: number };
}

interface LogStart {
  readonly from: number;
  readonly resumed: boolean;
}

const welcomeTimeoutMs = 10_000;
const pollMs = 10;
/** As the protocol asks: acks are cumulative and coalesced. */
const ackEveryMs = 100;
const ackEveryMessages = 16;

export class Probe {
  readonly messages: ProbeMessage[] = [];
  /** The close code. */
  readonly closed: Promise<number>;
  /** Messages that did not follow the one before (I7, I8). */
  faults = 0;
  /** Where the server began, exclusive. */
  from = -1;
  resumed = true;
  isAcking: boolean;
  private readonly socket: WebSocket;
  private last = -1;
  private acked = -1;

  private constructor(plan: ProbePlan) {
    this.isAcking = plan.isAcking ?? false;
    this.socket = new WebSocket(plan.url, ['carillon.v1'], {
      headers: { authorization: `Bearer ${plan.token}` },
    });
    this.closed = new Promise((resolve) => {
      this.socket.on('close', resolve);
    });
    this.socket.on('error', () => {}); // the close that follows tells
    const acks = setInterval(() => this.ackReceived(), ackEveryMs);
    this.socket.on('close', () => clearInterval(acks));
    const { device, instance = device, cursor } = plan;
    const cursors = cursor === undefined ? {} : { user: cursor };
    this.socket.on('open', () => this.tell({ type: 'hello', device, instance, cursors, topics: [] }));
    this.socket.on('message', (data: Buffer) => this.take(JSON.parse(data.toString())));
  }

  /** Does not wait for anything. */
  static dial(plan: ProbePlan): Probe {
    return new Probe(plan);
  }

  /** Resolves after the welcome. @throws Error when there is none in time */
  static async open(plan: ProbePlan): Promise<Probe> {
    const probe = new Probe(plan);
    if (!(await probe.until(() => probe.from >= 0, welcomeTimeoutMs))) throw new Error('no welcome');
    return probe;
  }

  /** The newest seq without a gap below it, or where the server began. */
  get received(): number {
    return this.last;
  }

  tell(frame: object): void {
    this.say(JSON.stringify(frame));
  }

  /** Any text, also what is no frame. */
  say(text: string): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(text);
  }

  ack(seq: number): void {
    this.tell({ type: 'ack', log: 'user', seq });
  }

  /** Reads nothing any more: the kernel's buffers fill up. */
  stopReading(): void {
    this.socket.pause();
  }

  /** Reads a piece, acknowledges it, and nothing more until a reader of this speed has read that. */
  readSlowly(bytesPerS: number): void {
    this.isAcking = true;
    let busyUntil = 0;
    let timer: NodeJS.Timeout | undefined;
    this.socket.on('message', (data: Buffer) => {
      busyUntil = Math.max(Date.now(), busyUntil) + (data.length / bytesPerS) * 1_000;
      clearTimeout(timer);
      this.socket.pause();
      timer = setTimeout(() => this.socket.resume(), Math.max(0, busyUntil - Date.now()));
    });
    this.socket.on('close', () => clearTimeout(timer));
  }

  /** Whether it came true in time. */
  async until(isIt: () => boolean, timeoutMs: number): Promise<boolean> {
    const deadline = Date.now() + timeoutMs;
    while (!isIt() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, pollMs));
    return isIt();
  }

  /** Gone at once, as a killed page. */
  async drop(): Promise<void> {
    if (this.socket.readyState === WebSocket.CLOSED) return;
    const isClosed = once(this.socket, 'close');
    this.socket.terminate();
    await isClosed;
  }

  private take(frame: { type: string } & Record<string, unknown>): void {
    if (frame.type === 'welcome') this.begin(frame['logs'] as Record<string, LogStart>);
    if (frame.type === 'ping') this.tell({ type: 'pong' });
    if (frame.type === 'message' && frame['log'] === 'user') this.keep(frame as unknown as ProbeMessage);
  }

  private begin({ user }: Record<string, LogStart>): void {
    this.from = user?.from ?? -1;
    this.resumed = user?.resumed ?? false;
    this.last = this.from;
  }

  private keep(message: ProbeMessage): void {
    if (message.seq !== this.last + 1) this.faults++;
    this.last = message.seq;
    this.messages.push(message);
    if (this.last - this.acked >= ackEveryMessages) this.ackReceived();
  }

  private ackReceived(): void {
    if (!this.isAcking || this.last <= Math.max(this.acked, this.from)) return;
    this.acked = this.last;
    this.ack(this.last);
  }
}
