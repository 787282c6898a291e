/**
 * The SDK that a page uses: handlers, iterators, acks. Must never settle a message before its handlers have,
 * and never open a socket before the page has asked for messages.
 */
import type { ErrorFrame, limits, MessageFrame, ServerFrame } from '@carillon/wire';
import { topicPrefix } from '@carillon/wire';
import type { ConnectionState, TokenSource } from './connector.js';
import { Connector } from './connector.js';
import type { CursorStore } from './cursor-store.js';
import type { Gap, Outcome } from './session-core.js';
import { SessionCore } from './session-core.js';
import type { Surroundings } from './surroundings.js';
import { browserSurroundings } from './surroundings.js';

/** A message as handlers get it; one that was sent to whoever is there now has no `seq`. */
export type Message = Omit<MessageFrame, 'type' | 'seq'> & { readonly seq?: number };

/** How the SDK is set up; everything but `token` has a default. */
export interface CarillonOptions extends Partial<Surroundings> {
  /**
   * Asked before the first connect, when the server says
   * that the token has expired, and shortly before it does.
   */
  readonly token: TokenSource;
  /** Lasting id of this browser profile; default: the store's. Neither: an ephemeral device. */
  readonly device?: string;
  /** Where positions outlive the page; default: nowhere. See `localCursors`. */
  readonly cursors?: CursorStore;
  /** Name and version of the page, shown to support. */
  readonly app?: string;
}

/** What `on` can listen for. */
export interface CarillonEvents {
  message: Message;
  gap: Gap;
  state: ConnectionState;
  /** Another device or tab of the user has read these. */
  read: readonly string[];
  /** The server refused something; the session goes on. */
  error: ErrorFrame;
}

/** Which messages a handler is for, and until when. */
export interface ListenOptions {
  readonly event?: string;
  /** Follows the topic for as long as somebody listens for it. */
  readonly topic?: string;
  readonly signal?: AbortSignal;
}

interface Listener {
  readonly kind: keyof CarillonEvents;
  readonly run: (payload: never) => unknown;
  readonly event: string | undefined;
  readonly log: string | undefined;
}

const ackEvery: typeof limits.ackEvery = 16;
const ackDelayMs: typeof limits.ackDelayMs = 100;
const handlerTimeoutMs: typeof limits.handlerTimeoutMs = 25_000;
const readyTimeoutMs = 30_000;
// What an iterator answers that was left before it had shown the message.
const unseen = {};
const worstFirst = ['failed', 'delivered'] as const;

/**
 * One running SDK, an `instance`. Every message of a log reaches its handlers in order and once; the log goes
 * on when they have settled. Connects at its first message handler, iterator or `connect()`.
 */
export class Carillon {
  readonly #listeners = new Set<Listener>();
  readonly #around: Surroundings;
  readonly #core: SessionCore;
  readonly #connector: Connector;
  #isFlushDue = false;

  /** `base`: the http(s) address of Push. */
  constructor(base: string, options: CarillonOptions) {
    const { cursors, device = cursors?.device, app, token } = options;
    this.#around = browserSurroundings(options);
    const instance = `i${this.#around.random()}`;
    this.#core = new SessionCore(
      (move) => cursors?.keep(move),
      (gap) => this.#emit('gap', gap),
    );
    const saved = cursors?.load();
    if (saved) this.#core.restore(saved);
    this.#connector = new Connector(this.#around, {
      url: base.replace(/^http(.*?)\/?$/, 'ws$1/v1/connect'),
      token,
      hello: () => ({ type: 'hello', device: device!, instance, app: app!, ...this.#core.hello() }),
      onFrame: (frame) => this.#receive(frame),
      onState: (state) => this.#emit('state', state),
    });
  }

  /**
   * Listens until the answer is called or `signal` aborts. A message is settled when all of its handlers have
   * resolved; one that throws or takes 25 s makes it `failed`, and the error is reported to the page.
   */
  on<K extends keyof CarillonEvents>(
    kind: K,
    handler: (payload: CarillonEvents[K]) => unknown,
    options: ListenOptions = {},
  ): () => void {
    const { topic, event, signal } = options;
    const log = topic && topicPrefix + topic;
    const listener: Listener = { kind, run: handler, event, log };
    const off = () => {
      if (this.#listeners.delete(listener) && log) this.#leave(log);
    };
    if (signal?.aborted) return off;
    this.#listeners.add(listener);
    signal?.addEventListener('abort', off);
    if (kind === 'message') {
      if (log && !this.#core.wanted.has(log)) {
        this.#core.wanted.add(log);
        this.#subscribe(log);
      }
      this.#connector.connect();
    }
    return off;
  }

  /** Messages one by one; each is settled when the next one is asked for. Ends when `signal` aborts. */
  async *messages(options: ListenOptions = {}): AsyncGenerator<Message, void, undefined> {
    const waiting: { message: Message; settle: (answer?: unknown) => void }[] = [];
    let wake = () => {};
    const { signal } = options;
    signal?.addEventListener('abort', () => wake());
    const enqueue = (message: Message) =>
      new Promise((settle) => {
        waiting.push({ message, settle });
        wake();
      });
    const off = this.on('message', enqueue, options);
    let shown: (typeof waiting)[number] | undefined;
    try {
      while (!signal?.aborted) {
        shown = waiting.shift();
        if (shown) {
          yield shown.message;
          shown.settle();
        } else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    } finally {
      off();
      // Left while it was shown: the page has had it.
      shown?.settle();
      for (const { settle } of waiting) settle(unseen);
    }
  }

  /** Tells the server, and with it the user's other devices, that a message has been read. */
  read(id: string): void {
    this.#core.read(id);
    this.#scheduleFlush();
  }

  /**
   * Resolves once the server has welcomed this instance.
   * @throws Error whose `cause` is the ConnectionState: `closed` at the end, any other after `timeoutMs`
   * (`idle`: nothing has asked for messages yet).
   */
  async ready({ timeoutMs = readyTimeoutMs }: { readonly timeoutMs?: number } = {}): Promise<void> {
    const timer = this.#around.timer();
    let off: (() => void) | undefined;
    await new Promise<void>((resolve, reject) => {
      const refuse = () => reject(new Error('not ready', { cause: this.#connector.state }));
      const look = () => {
        const { state } = this.#connector.state;
        if (state === 'open') resolve();
        if (state === 'closed') refuse();
      };
      off = this.on('state', look);
      timer(refuse, timeoutMs);
      look();
    }).finally(() => {
      off?.();
      timer();
    });
  }

  /**
   * Connects without a handler; what arrives before there is one counts as unhandled. While it waits for the
   * next attempt, makes it now: for a person who does not want to wait, never for a loop.
   */
  connect(): void {
    this.#connector.connect();
    this.#connector.wake();
  }

  /** Sends what is settled and ends. Handlers that are running go on; `connect()` would resume. */
  close(): void {
    this.#flush();
    this.#connector.close();
  }

  #receive(frame: ServerFrame): boolean {
    const core = this.#core;
    if (frame.type === 'welcome') {
      core.welcome(frame);
      for (const log of core.wanted) if (!(log in frame.logs)) this.#subscribe(log);
      this.#flush();
    } else if (frame.type === 'subscribed') core.start(frame.log, frame);
    else if (frame.type === 'read') this.#emit('read', frame.ids);
    else if (frame.type === 'error') this.#emit('error', frame);
    else if (frame.type === 'volatile') void this.#handle(frame);
    else if (frame.type === 'message' || frame.type === 'skip') {
      const isInLine = core.take(frame);
      this.#run(frame.log);
      return isInLine;
    }
    return true;
  }

  /** Gives the next message of the log to its handlers, and so on until none is left. */
  #run(log: string): void {
    const job = this.#core.next(log);
    this.#scheduleFlush();
    if (!job) return;
    void this.#handle(job.message).then((outcome) => {
      job.settle(outcome);
      this.#run(log);
    });
  }

  async #handle(message: Message): Promise<Outcome> {
    const runs: Promise<Outcome>[] = [];
    for (const { kind, run, event = message.event, log = message.log } of [...this.#listeners]) {
      if (kind === 'message' && event === message.event && log === message.log)
        runs.push(this.#attempt(run, message));
    }
    const timer = this.#around.timer();
    const late = new Promise<Outcome[]>((resolve) => timer(() => resolve(['failed']), handlerTimeoutMs));
    const answers = await Promise.race([Promise.all(runs), late]);
    timer();
    return worstFirst.find((outcome) => answers.includes(outcome)) ?? 'unhandled';
  }

  async #attempt(run: Listener['run'], payload: unknown): Promise<Outcome> {
    try {
      return (await run(payload as never)) === unseen ? 'unhandled' : 'delivered';
    } catch (error) {
      this.#around.onError(error);
      return 'failed';
    }
  }

  #subscribe(log: string): void {
    const topic = log.slice(topicPrefix.length);
    this.#connector.current?.send({ type: 'subscribe', topic, cursor: this.#core.cursor(log)! });
  }

  #leave(log: string): void {
    for (const listener of this.#listeners) if (listener.log === log) return;
    this.#flush();
    this.#core.wanted.delete(log);
    this.#connector.current?.send({ type: 'unsubscribe', topic: log.slice(topicPrefix.length) });
  }

  #scheduleFlush(): void {
    const { unsent } = this.#core;
    if (unsent >= ackEvery) this.#flush();
    else if (unsent && !this.#isFlushDue) {
      this.#isFlushDue = true;
      this.#around.timer()(() => this.#flush(), ackDelayMs);
    }
  }

  /** Sends acks and reads, or leaves them for the next welcome. */
  #flush(): void {
    this.#isFlushDue = false;
    const { current } = this.#connector;
    if (current) for (const frame of this.#core.report()) current.send(frame);
  }

  #emit<K extends keyof CarillonEvents>(kind: K, payload: CarillonEvents[K]): void {
    for (const listener of this.#listeners) {
      if (listener.kind === kind) void this.#attempt(listener.run, payload);
    }
  }
}
