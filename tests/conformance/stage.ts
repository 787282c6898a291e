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
  /** May write messages, make tokens and name members of topics. */
  readonly key: string;
  /** Whether messages may be sent to `all`, which every user of the tenant gets; false unless given. */
  readonly mayReachEverybody?: boolean | undefined;
  /** One that the key's tenant allows; without it the cases of an allowed page cannot be played. */
  readonly origin?: string | undefined;
  /** As the target is configured. */
  readonly helloTimeoutMs: number;
  readonly heartbeatMs: number;
  readonly ackTimeoutMs: number;
}

/** What the defaults of a server are. */
export const defaultTimes = { helloTimeoutMs: 5_000, heartbeatMs: 25_000, ackTimeoutMs: 30_000 } as const;

/** The server may be this late in keeping what was acked. */
const positionLagMs = 1_000;

export interface TokenAsked {
  readonly device?: string;
  readonly topics?: readonly string[];
  readonly ttl?: string;
}

export class Stage {
  /** In the name of every user of this run, so that a second run meets nobody. */
  readonly run = randomBytes(4).toString('hex');
  readonly target: Target;
  #users = 0;
  #topics = 0;

  constructor(target: Target) {
    this.target = target;
  }

  newUser(): string {
    this.#users += 1;
    return `conformance-${this.run}-${this.#users}`;
  }

  newTopic(): string {
    this.#topics += 1;
    return `conformance-${this.run}-${this.#topics}`;
  }

  async token(user: string, asked: TokenAsked = {}): Promise<string> {
    const body = { user, ...asked };
    const reply = await this.#call<{ token: string }>(`${this.target.authUrl}/v1/tokens`, { body });
    return reply.token;
  }

  /** Resolves with the id when the message is accepted. */
  async post(user: string, message: object = {}): Promise<string> {
    const [id = ''] = await this.send(`user:${user}`, 1, message);
    return id;
  }

  /** As many messages as asked for, in order. */
  async postMany(user: string, count: number, message: object = {}): Promise<void> {
    await this.send(`user:${user}`, count, message);
  }

  /** As many messages as asked for to `user:…`, `topic:…` or `all`. @returns their ids */
  async send(to: string, count = 1, message: object = {}): Promise<string[]> {
    const one = { to, event: 'conformance', ...message };
    const url = `${this.target.collectUrl}/v1/messages`;
    if (count === 0) return [];
    if (count === 1) return [(await this.#call<{ id: string }>(url, { body: one })).id];
    const body = { messages: Array.from({ length: count }, () => one) };
    const { results } = await this.#call<{ results: { id: string }[] }>(`${url}:batch`, { body });
    return results.map(({ id }) => id);
  }

  /** Resolves when the server has had time enough to keep what was acked. */
  async positionsAreKept(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, positionLagMs));
  }

  /** Takes a message back. */
  async recall(id: string): Promise<void> {
    await this.#call(`${this.target.collectUrl}/v1/messages/${id}`, { method: 'DELETE' });
  }

  /** Makes the user a member of the topic. */
  async join(topic: string, user: string): Promise<void> {
    await this.#call(this.#membership(topic, user), { method: 'PUT' });
  }

  /** Ends the membership. */
  async leave(topic: string, user: string): Promise<void> {
    await this.#call(this.#membership(topic, user), { method: 'DELETE' });
  }

  #membership(topic: string, user: string): string {
    return `${this.target.collectUrl}/v1/topics/${topic}/members/${user}`;
  }

  /** @throws with the problem unless the answer is a good one */
  async #call<T>(url: string, { method = 'POST', body }: Call): Promise<T> {
    const headers: Record<string, string> = { authorization: `Bearer ${this.target.key}` };
    if (body !== undefined) headers['content-type'] = 'application/json';
    const answer = await fetch(url, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }
}

interface Call {
  readonly method?: 'POST' | 'PUT' | 'DELETE';
  readonly body?: object;
}
