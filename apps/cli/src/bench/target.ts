/**
 * The server under load, by its public API and `fetch`. Must never put a key or a token into an error, and
 * never wait without a limit.
 */
import type { BatchReply, MessageReply } from '@carillon/api';

/** Of any request, its body included. */
export const answerTimeoutMs = 20_000;
/** Longest wait that a `Retry-After` may ask of us. */
const retryAfterMaxMs = 30_000;
/** Where the server names no time. */
const retryDefaultMs = 1_000;

/** One message to post; its key makes an attempt after an unclear answer the same message. */
export interface Item {
  readonly key: string;
  readonly to: string;
  readonly data: unknown;
}

/** `code`: of the problem, else of HTTP, else of the network. */
export interface Refused {
  readonly kind: 'refused';
  readonly code: string;
  readonly isRetryable: boolean;
  readonly retryAfterMs: number;
}

export type Outcome = { readonly kind: 'accepted'; readonly id: string } | Refused;

/** An answer; without one the status is 0, and `code` says why. */
export interface Asked {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
  readonly code?: string;
}

/** How long a message of a bench is worth delivering: what is left over goes soon. */
const ttl = '5m';

export class Target {
  readonly #headers: Readonly<Record<string, string>>;

  constructor(
    readonly url: string,
    key: string,
  ) {
    this.#headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  }

  /** One request. Never throws: no answer is an answer here. */
  async ask(path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Asked> {
    try {
      const answer = await fetch(this.url + path, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { ...this.#headers, ...headers },
        redirect: 'manual',
        signal: AbortSignal.timeout(answerTimeoutMs),
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      return { status: answer.status, headers: answer.headers, body: jsonOf(await answer.text()) };
    } catch (error) {
      return { status: 0, headers: new Headers(), body: undefined, code: networkCode(error) };
    }
  }

  /** One outcome per item, in their order. A single one goes by itself, several as a batch. */
  async post(items: readonly Item[]): Promise<readonly Outcome[]> {
    const [first] = items;
    if (items.length === 1 && first) return [await this.#postOne(first)];
    const messages = items.map(({ key, ...item }) => ({ ...messageOf(item), idempotencyKey: key }));
    const asked = await this.ask('/v1/messages:batch', { messages });
    const results = asked.status === 200 ? (asked.body as Partial<BatchReply>).results : undefined;
    if (results?.length !== items.length) return items.map(() => refusalOf(asked));
    return results.map((result) =>
      result.status === 'refused'
        ? {
            ...retryWords(asked),
            kind: 'refused',
            code: result.error.code,
            isRetryable: result.error.retryable,
          }
        : { kind: 'accepted', id: result.id },
    );
  }

  /** A token for the user, or the code of why there is none. */
  async token(user: string): Promise<{ readonly token: string } | { readonly code: string }> {
    const asked = await this.ask('/v1/tokens', { user });
    const token = asked.status === 201 ? (asked.body as { token?: unknown }).token : undefined;
    return typeof token === 'string' ? { token } : { code: refusalOf(asked).code };
  }

  async #postOne({ key, ...item }: Item): Promise<Outcome> {
    const asked = await this.ask('/v1/messages', messageOf(item), { 'idempotency-key': key });
    const id = asked.status === 202 ? (asked.body as Partial<MessageReply>).id : undefined;
    return id === undefined ? refusalOf(asked) : { kind: 'accepted', id };
  }
}

/** What an answer that is not the wanted one says. */
export function refusalOf(asked: Asked): Refused {
  const { code, retryable } = Object(asked.body) as { code?: unknown; retryable?: unknown };
  const known = typeof code === 'string' ? code : asked.code;
  return {
    kind: 'refused',
    code: known ?? `HTTP ${asked.status}`,
    isRetryable: typeof retryable === 'boolean' ? retryable : asked.status === 0 || asked.status >= 500,
    ...retryWords(asked),
  };
}

function messageOf({ to, data }: Omit<Item, 'key'>) {
  return { to: `user:${to}`, event: 'bench', data, ttl };
}

function retryWords({ headers }: Asked): { retryAfterMs: number } {
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  return { retryAfterMs: seconds >= 0 ? Math.min(seconds * 1_000, retryAfterMaxMs) : retryDefaultMs };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A proxy's page perhaps; the status says enough.
    return undefined;
  }
}

/** `ECONNREFUSED` and its like; a time-out has a name instead. */
function networkCode(error: unknown): string {
  const { cause, name } = error as { cause?: { code?: unknown }; name?: unknown };
  if (typeof cause?.code === 'string') return cause.code;
  return name === 'TimeoutError' ? 'no answer in time' : 'no answer';
}
