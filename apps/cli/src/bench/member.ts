/**
 * One socket under load: the SDK of one user, as a page runs it. Must never count anything after `close`.
 */
import { Carillon, type ConnectionState, type Message } from '@carillon/client';
import { version } from '../version.js';
import type { Handshakes } from './handshakes.js';
import { now } from './moment.js';
import type { Tally } from './tally.js';
import type { Target } from './target.js';

/** What all members of a thread have in common. */
export interface Membership {
  readonly target: Target;
  readonly tally: Tally;
  readonly handshakes: Handshakes;
  /** A socket that is refused is not tried again. */
  readonly isOneAttempt: boolean;
  readonly random: () => number;
}

/** A device that is remembered, as a page's is: its positions are stored. */
const device = 'bench';
/** The close code of a handshake without success, and of a connection that broke. */
const abnormal = 1006;

export class Member {
  isOpen = false;
  readonly #first = Promise.withResolvers<void>();
  readonly #sdk: Carillon;
  readonly #ways: Membership;
  #isClosed = false;
  #hasBeenOpen = false;
  #handshakeAtMs = 0;
  #tokenFault: string | undefined;

  /** Begins to connect. */
  constructor(user: string, ways: Membership, onMessage: (message: Message) => void) {
    this.#ways = ways;
    this.#sdk = new Carillon(ways.target.url, {
      token: () => this.#token(user),
      device,
      app: `carillon-bench/${version}`,
      random: ways.random,
    });
    this.#sdk.on('state', (state) => this.#see(state));
    this.#sdk.on('gap', () => {
      ways.tally.counts.gaps += 1;
    });
    this.#sdk.on('message', onMessage);
  }

  /** Resolves when the first attempt has succeeded or failed. */
  get firstVerdict(): Promise<void> {
    return this.#first.promise;
  }

  /** Ends it after its last confirmations. */
  close(): void {
    this.#isClosed = true;
    this.#sdk.close();
    this.#first.resolve();
  }

  /** Not part of the time to the welcome. */
  async #token(user: string): Promise<string> {
    const answer = await this.#ways.target.token(user);
    this.#tokenFault = 'code' in answer ? `token ${answer.code}` : undefined;
    if ('code' in answer) throw new Error(answer.code);
    this.#handshakeAtMs = now();
    return answer.token;
  }

  #see(state: ConnectionState): void {
    if (this.#isClosed) return;
    if (state.state === 'open') this.#welcome();
    if (state.state === 'waiting' || state.state === 'closed') this.#lose(state);
  }

  #welcome(): void {
    const { tally } = this.#ways;
    this.isOpen = true;
    if (this.#hasBeenOpen) tally.counts.reconnects += 1;
    else {
      tally.durations.welcome.add(now() - this.#handshakeAtMs);
      tally.mark('opened', now());
    }
    this.#hasBeenOpen = true;
    this.#first.resolve();
  }

  #lose({ state, code = abnormal }: ConnectionState): void {
    const { tally, isOneAttempt } = this.#ways;
    // Of the attempts to come back only the last one is told: that the SDK was sent away for good.
    if (this.isOpen || (this.#hasBeenOpen && state === 'closed')) tally.code('socketsDropped', String(code));
    else if (!this.#hasBeenOpen) tally.code('socketsRefused', this.#tokenFault ?? this.#refusal(code));
    this.isOpen = false;
    if (isOneAttempt) this.close();
    this.#first.resolve();
  }

  #refusal(code: number): string {
    return code === abnormal ? this.#ways.handshakes.take() : String(code);
  }
}
