/**
 * One WebSocket between a page and a node: in order in each direction, with delay, until it is reset (both
 * sides learn of it, what was under way is lost) or goes dark (nobody learns of it). The server's side has
 * the members of `ws` that Push uses.
 */
import type { Random } from '@carillon/domain/ports';
import type { Process } from './process.js';
import type { World } from './world.js';

type Listener = (...values: never[]) => void;

/** Told of every frame, for the rules. */
export interface WireWatch {
  /** The node hands this text to the socket, as it decided at that time: it may have stood still since. */
  onServerSend(wire: Wire, text: string, decidedAt: number): void;
  /** The node has read this text. */
  onServerRead(wire: Wire, text: string): void;
}

const abnormal = 1006;
const closeTimeoutMs = 2_000;
/** What the kernel takes before the socket counts a backlog. */
const kernelBytes = 4_096;

/** The page's side, as the SDK's `Socket`. */
export interface PageSide {
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null;
}

export class Wire {
  isDark = false;
  isReset = false;
  /** Since when the page has nothing of it any more: closed, dark, or its process is gone. */
  goneAt: number | undefined;
  /** When the node knew. */
  endedAt: number | undefined;
  readonly server: ServerSide;
  readonly #random: Random;
  #toPageAt = 0;
  #toServerAt = 0;
  #stalledUntil = 0;
  #pageEnded = false;

  constructor(
    readonly world: World,
    readonly page: { readonly process: Process; readonly side: PageSide },
    readonly node: Process,
    readonly watch: WireWatch,
  ) {
    this.#random = world.chance(`wire ${world.events} ${page.process.name}`);
    this.server = new ServerSide(this);
  }

  /** What the page is told comes in order; nothing after its end. */
  toPage(task: (side: PageSide) => void, onArrival: () => void = () => {}): void {
    const at = Math.max(this.#toPageAt, this.world.time + this.#delay(), this.#stalledUntil);
    this.#toPageAt = at;
    this.world.after(at - this.world.time, () => {
      if (this.isDark || this.isReset) return;
      onArrival();
      this.page.process.enter(() => {
        if (!this.#pageEnded) task(this.page.side);
      });
    });
  }

  toServer(task: () => void): void {
    const at = Math.max(this.#toServerAt, this.world.time + this.#delay());
    this.#toServerAt = at;
    this.world.after(at - this.world.time, () => {
      if (!this.isDark && !this.isReset) this.node.enter(task);
    });
  }

  /** The page does not read for so long. */
  stall(ms: number): void {
    this.#stalledUntil = Math.max(this.#stalledUntil, this.world.time + ms);
  }

  /** Both ends learn that the connection broke; what was under way is lost. */
  reset(): void {
    if (this.isReset || this.isDark) return;
    this.isReset = true;
    this.world.after(this.#delay(), () => this.node.enter(() => this.server.ended(abnormal)));
    this.world.after(this.#delay(), () => this.page.process.enter(() => this.endPage(abnormal, '')));
  }

  /** Nothing passes any more and nobody learns of it. */
  goDark(): void {
    this.isDark = true;
    this.goneAt ??= this.world.time;
  }

  endPage(code: number, reason: string): void {
    if (this.#pageEnded) return;
    this.#pageEnded = true;
    this.goneAt ??= this.world.time;
    this.world.history.note('page closed', this.page.process.name, code);
    this.page.side.onclose?.({ code, reason });
  }

  /** The page closes: its own end is known to it at once. */
  closeByPage(code: number): void {
    if (this.#pageEnded) return;
    this.goneAt ??= this.world.time;
    this.world.history.note('page closes', this.page.process.name, code);
    this.page.process.leave(() =>
      this.toServer(() => {
        this.server.closedByPeer(code);
      }),
    );
    this.#pageEnded = true;
  }

  sendByPage(text: string): void {
    if (!this.#pageEnded) this.page.process.leave(() => this.toServer(() => this.server.receive(text)));
  }

  #delay(): number {
    const { slowNet, delayMs } = this.world.weather;
    const isSlow = slowNet > 0 && this.#random.next() < slowNet;
    return 0.3 + this.#random.next() * (isSlow ? delayMs : 3);
  }
}

const decoder = new TextDecoder();

/** What Push's Connection gets for a `ws` socket. */
export class ServerSide {
  readonly OPEN = 1;
  readyState = 1;
  readonly _socket = {
    cork() {},
    uncork() {},
    on: (_kind: 'drain', listener: () => void) => {
      this.#onDrain = listener;
    },
  };
  readonly #wire: Wire;
  readonly #listeners = new Map<string, Listener[]>();
  #onDrain: () => void = () => {};
  #isPaused = false;
  #held: (() => void)[] = [];
  #bytes = 0;
  #hasEnded = false;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  get bufferedAmount(): number {
    return Math.max(0, this.#bytes - kernelBytes);
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  on(kind: string, listener: Listener): this {
    this.#listeners.set(kind, [...(this.#listeners.get(kind) ?? []), listener]);
    return this;
  }

  once(kind: string, listener: Listener): this {
    return this.on(kind, listener);
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#held.length > 0) {
      this.#wire.world.after(0, () => this.#wire.node.enter(() => this.#release()));
    }
  }

  send(data: string | Uint8Array): void {
    if (this.readyState !== this.OPEN) return;
    const text = typeof data === 'string' ? data : decoder.decode(data);
    const decidedAt = this.#wire.world.time;
    this.#wire.node.leave(() => {
      if (this.#hasEnded) return;
      this.#wire.watch.onServerSend(this.#wire, text, decidedAt);
      this.#bytes += text.length;
      this.#wire.toPage(
        (side) => side.onmessage?.({ data: text }),
        () => this.#taken(text.length),
      );
    });
  }

  close(code: number, reason: string): void {
    if (this.readyState !== this.OPEN) return;
    this.readyState = 2;
    const { world, node } = this.#wire;
    node.leave(() => {
      this.#wire.toPage(() => {
        this.#wire.endPage(code, reason);
        this.#wire.toServer(() => this.#whenRead(() => this.ended(code)));
      });
      world.after(closeTimeoutMs, () => node.enter(() => this.ended(abnormal)));
    });
  }

  terminate(): void {
    if (this.#hasEnded) return;
    this.#wire.reset();
    this.ended(abnormal);
  }

  receive(text: string): void {
    this.#whenRead(() => {
      if (this.#hasEnded) return;
      this.#wire.watch.onServerRead(this.#wire, text);
      this.#emit('message', Buffer.from(text), false);
    });
  }

  closedByPeer(code: number): void {
    this.#whenRead(() => this.ended(code));
  }

  ended(code: number): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.readyState = 3;
    this.#wire.endedAt = this.#wire.world.time;
    this.#wire.world.history.note('node closed', this.#wire.node.name, this.#wire.page.process.name, code);
    this.#emit('close', code, Buffer.alloc(0));
  }

  #taken(bytes: number): void {
    const wasBlocked = this.bufferedAmount > 0;
    this.#bytes -= bytes;
    if (wasBlocked && this.bufferedAmount === 0) this.#wire.node.enter(() => this.#onDrain());
  }

  #whenRead(task: () => void): void {
    if (this.#isPaused || this.#held.length > 0) this.#held.push(task);
    else task();
  }

  #release(): void {
    while (this.#held.length > 0 && !this.#isPaused) this.#held.shift()?.();
  }

  #emit(kind: string, ...values: unknown[]): void {
    for (const listener of this.#listeners.get(kind) ?? [])
      (listener as (...all: unknown[]) => void)(...values);
  }
}
