/**
 * A page with the real SDK: a tab of a device, which keeps positions in storage that outlives the tab. Its
 * handlers take time, and sometimes throw.
 */
import { Carillon, type CursorStorage, localCursors, type Message } from '@carillon/client';
import type { Watch } from '../run/watch.js';
import type { Process } from './process.js';
import { Process as RunningProcess } from './process.js';
import { tokenOf } from './services.js';
import type { Wire } from './wire.js';

/** Storage of a browser. */
export class MapStorage implements CursorStorage {
  readonly #items = new Map<string, string>();

  get length(): number {
    return this.#items.size;
  }

  key(at: number): string | null {
    return [...this.#items.keys()][at] ?? null;
  }

  getItem(key: string): string | null {
    return this.#items.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    this.#items.set(key, value);
  }

  removeItem(key: string): void {
    this.#items.delete(key);
  }
}

/** How a tab reaches a node. */
export interface Network {
  open(process: Process, token: string, socket: TabSocket): void;
}

export interface TabFacts {
  readonly name: string;
  readonly device: string;
  readonly user: string;
  readonly local: MapStorage;
  readonly session: MapStorage;
  /** Longest time of a handler at this moment. */
  readonly handlerMaxMs: () => number;
  /** Its SDK does not come back by itself. */
  readonly onEnded: () => void;
}

/** The SDK's socket. */
export class TabSocket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { readonly data: unknown }) => void) | null = null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null = null;
  wire: Wire | undefined;
  isClosed = false;

  send(text: string): void {
    this.wire?.sendByPage(text);
  }

  close(code = 1000): void {
    this.isClosed = true;
    this.wire?.closeByPage(code);
  }
}

export class Tab {
  readonly process: Process;
  readonly carillon: Carillon;
  /** As its SDK names the device. */
  readonly deviceId: string;
  /** Topics that the page asks for, and since when. */
  readonly asked = new Map<string, number>();
  readonly #offs = new Map<string, () => void>();
  #wake: () => unknown = () => {};

  constructor(
    readonly facts: TabFacts,
    private readonly watch: Watch,
    network: Network,
  ) {
    const process = new RunningProcess(watch.world, facts.name);
    this.process = process;
    const open = (socket: TabSocket, token: string) => network.open(process, token, socket);
    class Socket extends TabSocket {
      constructor(_url: string, protocols: string[]) {
        super();
        open(this, (protocols[1] ?? '').slice('bearer.'.length));
      }
    }
    const random = () => process.random.next();
    const { local, session, user } = facts;
    const saved = localCursors({ local, session, random });
    this.deviceId = saved.device as string;
    watch.addTab(this, saved.load());
    this.carillon = new Carillon('http://push', {
      token: () => tokenOf(user),
      cursors: {
        ...saved,
        keep: (move) => {
          watch.onMove(this, move);
          saved.keep(move);
        },
      },
      WebSocket: Socket,
      random,
      timer: () => timerOf(process),
      onWake: (wake) => {
        this.#wake = wake;
      },
      onError: () => {},
    });
    this.carillon.on('gap', (gap) => watch.onGap(this, gap));
    this.carillon.on('state', ({ state, code }) => {
      if (state !== 'closed') return;
      watch.onEnded(this, code);
      facts.onEnded();
    });
    this.carillon.on('message', (message) => this.#handle(message));
  }

  /** The network is back. */
  wake(): void {
    this.process.enter(() => this.#wake());
  }

  /** The page begins to listen for the topic, or stops. */
  toggle(topic: string): void {
    this.process.enter(() => {
      const off = this.#offs.get(topic);
      this.watch.world.history.note(off ? 'forgoes' : 'asks', this.facts.name, topic);
      if (off) {
        this.#offs.delete(topic);
        this.asked.delete(topic);
        off();
      } else {
        this.asked.set(topic, this.watch.world.time);
        this.#offs.set(
          topic,
          this.carillon.on('message', () => {}, { topic }),
        );
      }
    });
  }

  async #handle(message: Message): Promise<void> {
    const { watch, facts, process } = this;
    const random = () => process.random.next();
    watch.onHandled(this, message);
    const isSlow = random() < 0.2;
    const ms = isSlow ? random() * facts.handlerMaxMs() : 0;
    if (ms > 0) await new Promise<void>((resolve) => void process.clock.after(ms, resolve));
    watch.onSettled(this, message);
    if (random() < 0.1) {
      watch.onRead(this, message.id);
      this.carillon.read(message.id);
    }
    if (random() < 0.05) throw new Error('a handler that fails');
  }
}

function timerOf(process: Process) {
  let pending: { cancel(): void } | undefined;
  return (run?: () => unknown, ms = 0) => {
    pending?.cancel();
    pending = run && process.clock.after(ms, () => void run());
  };
}
