/**
 * Keeps one welcomed socket open: backoff, drain, refresh of the token. Must never look into messages, and
 * never close a working socket before its successor has been welcomed.
 */
import type { closeCodes, Hello, limits, ServerFrame } from '@carillon/wire';
import { closeVerdict } from '@carillon/wire';
import type { Link } from './link.js';
import { openLink } from './link.js';
import type { Surroundings, Timer } from './surroundings.js';

const reconnectMinMs: typeof limits.reconnectMinMs = 500;
const reconnectMaxMs: typeof limits.reconnectMaxMs = 30_000;
const stableAfterMs: typeof limits.stableAfterMs = 30_000;
const tokenExpired: typeof closeCodes.tokenExpired = 4201;
const resync: typeof closeCodes.resync = 4204;
// A token lives at most 15 minutes. The page's clock may be wrong, so it is not compared with
// `tokenExpiresAt`.
const tokenRefreshMs = 600_000;
// Reconnects at once in a row, before one stayed open for stableAfterMs; further ones back off.
const atOnceMax = 3;

/** Answers with a token for the user; `signal` aborts when nobody waits any longer. */
export type TokenSource = (context: { readonly signal: AbortSignal }) => string | Promise<string>;

/**
 * Where the connection stands.
 * `code` and `reason` say why it is not open; `retryInMs` when it is tried again.
 */
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
  /** The link that was welcomed last, while it lives. */
  current: Link | undefined;
  /** The attempt on its way. */
  #candidate: Link | undefined;
  #attempts = 0;
  #bearer: string | undefined;
  /** Lives from `connect` to `close`. */
  #life: AbortController | undefined;
  readonly #retry: Timer;
  readonly #refresh: Timer;
  readonly #around: Surroundings;
  readonly #owner: ConnectorOwner;

  constructor(around: Surroundings, owner: ConnectorOwner) {
    this.#around = around;
    this.#owner = owner;
    this.#retry = around.timer();
    this.#refresh = around.timer();
  }

  /** Idempotent; also opens again after an end. */
  connect(): void {
    if (this.#life) return;
    this.#life = new AbortController();
    this.#around.onWake(() => this.wake(), this.#life.signal);
    this.#attempt();
  }

  /** Ends a wait before its time; nothing else. */
  wake(): void {
    if (this.state.state === 'waiting') this.#attempt();
  }

  /** Ends everything; no attempt follows. */
  close(why?: Omit<ConnectionState, 'state'>): void {
    this.#life?.abort();
    this.#retry();
    this.#refresh();
    this.current?.close();
    this.#candidate?.close();
    this.#life = this.current = this.#candidate = this.#bearer = undefined;
    this.#attempts = 0;
    this.#show({ ...why, state: 'closed' });
  }

  #attempt(): void {
    this.#retry();
    if (this.#candidate) return;
    this.#show({ state: 'connecting' });
    this.#candidate = openLink(this.#around, {
      ...this.#owner,
      token: async (signal) => this.#bearer ?? this.#fetch(signal),
      onFrame: (link, frame) => this.#receive(link, frame),
      onEnd: (link, code, reason) => this.#lose(link, code, reason),
    });
  }

  #receive(link: Link, frame: ServerFrame): void {
    if (frame.type === 'welcome') {
      this.#retry();
      this.current?.close();
      this.current = link;
      this.#candidate = undefined;
      this.#around.timer()(() => {
        if (this.current === link) this.#attempts = 0;
      }, stableAfterMs);
      this.#show({ state: 'open' });
    }
    if (frame.type === 'drain') this.#retry(() => this.#attempt(), this.#around.random() * frame.withinMs);
    if (!this.#owner.onFrame(frame)) link.fail(resync);
  }

  #lose(link: Link, code: number, reason: string): void {
    const wasOpen = link === this.current;
    if (wasOpen) this.current = undefined;
    else this.#candidate = undefined;
    if (code === tokenExpired) this.#bearer = undefined;
    const verdict = closeVerdict(code);
    if (verdict === 'stop') this.close({ code, reason });
    else {
      const isAtOnce = wasOpen && verdict === 'reconnect' && this.#attempts < atOnceMax;
      const ceilingMs = Math.min(reconnectMaxMs, reconnectMinMs * 2 ** this.#attempts);
      const retryInMs = isAtOnce ? 0 : this.#around.random() * ceilingMs;
      this.#attempts += 1;
      this.#retry(() => this.#attempt(), retryInMs);
      this.#show({ state: 'waiting', code, reason, retryInMs });
    }
  }

  async #fetch(signal: AbortSignal): Promise<string> {
    const token = (await this.#owner.token({ signal })).trim();
    this.#bearer = token;
    this.#refresh(() => this.#life && this.#renew(this.#life.signal), tokenRefreshMs);
    return token;
  }

  /**
   * A newer token on the live socket. Where the page has none, the server closes with 4201 in time and the
   * next attempt asks again.
   */
  #renew(signal: AbortSignal): void {
    const send = (token: string) => this.current?.send({ type: 'token', token });
    this.#fetch(signal).then(send, () => {});
  }

  #show(state: ConnectionState): void {
    // While the old socket lives, its successor's troubles are no news.
    const shown: ConnectionState = this.current ? { state: 'open' } : state;
    if (shown.state === this.state.state && shown.state !== 'waiting') return;
    this.state = shown;
    this.#owner.onState(shown);
  }
}
