/** Keeps one welcomed socket open: backoff, drain, refresh of the token. Must never look into messages, and never
 *  close a working socket before its successor has been welcomed. */
import type { closeCodes, Hello, limits, ServerFrame } from '@carillon/wire';
import { closeVerdict } from '@carillon/wire';
import { Link } from './link.js';
import type { Surroundings } from './surroundings.js';

const reconnectMinMs: typeof limits.reconnectMinMs = 500;
const reconnectMaxMs: typeof limits.reconnectMaxMs = 30_000;
const stableAfterMs: typeof limits.stableAfterMs = 30_000;
const tokenExpired: typeof closeCodes.tokenExpired = 4201;
const resync: typeof closeCodes.resync = 4204;
// A page whose clock is ahead would otherwise ask for tokens without pause.
const tokenRefreshMinMs = 60_000;
const tokenRefreshAt = 0.8;
const timerMaxMs = 2 ** 31 - 1;
// Reconnects at once in a row, before one stayed open for stableAfterMs; further ones back off.
const atOnceMax = 3;

/** Answers with a token for the user; `signal` aborts when nobody waits any longer. */
export type TokenSource = (context: { readonly signal: AbortSignal }) => string | Promise<string>;

/** Where the connection stands. `code` and `reason` say why it is not open; `retryInMs` when it is tried again. */
export interface ConnectionState {
  readonly state: 'idle' | 'connecting' | 'open' | 'waiting' | 'closed';
  readonly code?: number;
  readonly reason?: string;
  readonly retryInMs?: number;
}

/** What the connector needs from its owner. */
export interface ConnectorOwner {
  readonly url: string;
  readonly token: TokenSource;
  readonly hello: () => Hello;
  /** A frame that is not about the connection alone; of `welcome` when its link has become the current one.
   *  False: something is missing before it, so resume on a new socket. */
  readonly onFrame: (frame: ServerFrame) => boolean;
  readonly onState: (state: ConnectionState) => void;
}

/** Reconnects until it is closed or told to stop by a close code of 4000–4099. */
export class Connector {
  state: ConnectionState = { state: 'idle' };
  /** The link that was welcomed last. */
  current: Link | undefined;
  /** The attempt on its way. */
  #candidate: Link | undefined;
  #openedAt = 0;
  #attempts = 0;
  #bearer: string | undefined;
  #cancelRetry: (() => void) | undefined;
  #cancelRefresh: (() => void) | undefined;
  /** Lives from `connect` to `close`. */
  #life: AbortController | undefined;
  readonly #around: Surroundings;
  readonly #owner: ConnectorOwner;

  constructor(around: Surroundings, owner: ConnectorOwner) {
    this.#around = around;
    this.#owner = owner;
  }

  /** Idempotent; also opens again after an end. */
  connect(): void {
    if (this.#life) return;
    this.#life = new AbortController();
    const wake = () => (this.state.state === 'waiting' ? this.#attempt() : this.current?.watch());
    this.#around.onWake(wake, this.#life.signal);
    this.#attempt();
  }

  /** Ends everything; no attempt follows. */
  close(why?: Omit<ConnectionState, 'state'>): void {
    this.#life?.abort();
    this.#cancelRetry?.();
    this.#cancelRefresh?.();
    this.current?.close();
    this.#candidate?.close();
    this.#life = this.current = this.#candidate = undefined;
    this.#attempts = 0;
    this.#show({ ...why, state: 'closed' });
  }

  #attempt(): void {
    this.#cancelRetry?.();
    if (this.#candidate) return;
    this.#show({ state: 'connecting' });
    const { url, hello } = this.#owner;
    this.#candidate = new Link(this.#around, {
      url,
      hello,
      token: async (signal) => this.#bearer ?? this.#fetch(signal),
      onFrame: (link, frame) => this.#receive(link, frame),
      onEnd: (link, code, reason) => this.#lose(link, code, reason),
    });
  }

  #receive(link: Link, frame: ServerFrame): void {
    const { now, random } = this.#around;
    if (frame.type === 'drain') this.#retryIn(random() * frame.withinMs);
    else if (frame.type === 'token-accepted') this.#keepFresh(link, frame.expiresAt);
    else {
      if (frame.type === 'welcome') {
        this.#cancelRetry?.();
        this.current?.close();
        this.current = link;
        this.#candidate = undefined;
        this.#openedAt = now();
        this.#keepFresh(link, frame.tokenExpiresAt);
        this.#show({ state: 'open' });
      }
      if (!this.#owner.onFrame(frame)) link.fail(resync);
    }
  }

  #lose(link: Link, code: number, reason: string): void {
    const { now, random } = this.#around;
    const wasOpen = link === this.current;
    if (!wasOpen) this.#candidate = undefined;
    else {
      this.current = undefined;
      if (now() - this.#openedAt >= stableAfterMs) this.#attempts = 0;
    }
    if (code === tokenExpired) this.#bearer = undefined;
    const verdict = closeVerdict(code);
    if (verdict === 'stop') this.close({ code, reason });
    else {
      const isAtOnce = wasOpen && verdict === 'reconnect' && this.#attempts < atOnceMax;
      const ceilingMs = Math.min(reconnectMaxMs, reconnectMinMs * 2 ** this.#attempts);
      const retryInMs = isAtOnce ? 0 : random() * ceilingMs;
      this.#attempts += 1;
      this.#retryIn(retryInMs);
      this.#show({ state: 'waiting', code, reason, retryInMs });
    }
  }

  #retryIn(ms: number): void {
    this.#cancelRetry?.();
    this.#cancelRetry = this.#around.later(() => this.#attempt(), ms);
  }

  /** A newer token on the live socket, well before the old one ends. Where the page has none, the server closes with
   *  4201 and the next attempt asks again. */
  #keepFresh(link: Link, expiresAt: number): void {
    const { now, later } = this.#around;
    this.#cancelRefresh?.();
    const waitMs = Math.max(tokenRefreshMinMs, tokenRefreshAt * (expiresAt - now()));
    const refresh = async () => {
      try {
        link.send({ type: 'token', token: await this.#fetch(link.signal) });
      } catch {
        // See above.
      }
    };
    this.#cancelRefresh = later(refresh, Math.min(timerMaxMs, waitMs));
  }

  async #fetch(signal: AbortSignal): Promise<string> {
    const token = await this.#owner.token({ signal });
    this.#bearer = token.trim();
    return this.#bearer;
  }

  #show(state: ConnectionState): void {
    // While the old socket lives, its successor's troubles are no news.
    const shown: ConnectionState = this.current ? { state: 'open' } : state;
    if (shown.state === this.state.state && shown.state !== 'waiting') return;
    this.state = shown;
    this.#owner.onState(shown);
  }
}
