// What a case is played on: where a Carillon is, its key, and fresh users for everybody. Must never share a
// user between two cases, for they run at the same time.
import { randomBytes } from 'node:crypto';

/** A running Carillon, wherever it is. */
export interface Target {
  readonly name: string;
  /** `ws://…/v1/connect` */
  readonly socketUrl: string;
  /** Where `/v1/messages` is. */
  readonly collectUrl: string;
  /** Where `/v1/tokens` is. */
  readonly authUrl: string;
  /** May write messages and make tokens. */
  readonly key: string;
  /** One that the key's tenant allows; without it the cases of an allowed page cannot be played. */
  readonly origin?: string | undefined;
  /** As the target is configured. */
  readonly helloTimeoutMs: number;
  readonly heartbeatMs: number;
  readonly ackTimeoutMs: number;
}

/** What the defaults of a server are. */
export const defaultTimes = { helloTimeoutMs: 5_000, heartbeatMs: 25_000, ackTimeoutMs: 30_000 } as const;

export interface TokenAsked {
  readonly device?: string;
  readonly ttl?: string;
}

export class Stage {
  /** In the name of every user of this run, so that a second run meets nobody. */
  readonly run = randomBytes(4).toString('hex');
  readonly target: Target;
  #users = 0;

  constructor(target: Target) {
    this.target = target;
  }

  newUser(): string {
    this.#users += 1;
    return `conformance-${this.run}-${this.#users}`;
  }

  async token(user: string, asked: TokenAsked = {}): Promise<string> {
    const reply = await this.#call<{ token: string }>(`${this.target.authUrl}/v1/tokens`, { user, ...asked });
    return reply.token;
  }

  /** Resolves with the id when the message is accepted. */
  async post(user: string, message: object = {}): Promise<string> {
    const body = { to: `user:${user}`, event: 'conformance', ...message };
    return (await this.#call<{ id: string }>(`${this.target.collectUrl}/v1/messages`, body)).id;
  }

  /** As many messages as asked for, in order. */
  async postMany(user: string, count: number, message: object = {}): Promise<void> {
    if (count === 0) return;
    const one = { to: `user:${user}`, event: 'conformance', ...message };
    const messages = Array.from({ length: count }, () => one);
    await this.#call(`${this.target.collectUrl}/v1/messages:batch`, { messages });
  }

  /** @throws with the problem unless the answer is a good one */
  async #call<T>(url: string, body: object): Promise<T> {
    const headers = { authorization: `Bearer ${this.target.key}`, 'content-type': 'application/json' };
    const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${text}`);
    return JSON.parse(text) as T;
  }
}
