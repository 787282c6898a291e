// Looks at what goes through `fetch` and holds it against the OpenAPI document. Must never change, delay or
// hold up an exchange, and looks only at answers of our own services that have come in one piece.

import type { Exchange } from './exchange.ts';
import type { CheckOptions, ExchangeCheck } from './exchange-check.ts';

type Fetch = typeof globalThis.fetch;
type Arguments = Parameters<Fetch>;

const requestIdHeader = 'request-id';
/** Without a body, or before the request. */
const unchecked = ['HEAD', 'OPTIONS'];
const loopback = ['127.0.0.1', 'localhost', '[::1]'];
/** Beyond this a fault list is one fault too many to read. */
const faultsMax = 20;

export class FetchWatch {
  readonly #options: CheckOptions;
  readonly #pending = new Set<Promise<void>>();
  #check: Promise<ExchangeCheck> | undefined;
  #faults: string[] = [];
  #checked = 0;

  constructor(options: CheckOptions = {}) {
    this.#options = options;
  }

  /** Exchanges that were held against the document. */
  get checked(): number {
    return this.#checked;
  }

  /** The same as `fetch`, watched. */
  around(fetch: Fetch): Fetch {
    return async function watchedFetch(this: FetchWatch, ...[input, init]: Arguments): Promise<Response> {
      const answer = await fetch(input, init);
      this.#see(answer, input, init);
      return answer;
    }.bind(this);
  }

  /** Waits for what is being checked. @throws with every fault since the last time */
  async settle(): Promise<void> {
    await Promise.all(this.#pending);
    const faults = this.#faults;
    if (faults.length === 0) return;
    this.#faults = [];
    const more = faults.length > faultsMax ? [`and ${faults.length - faultsMax} more`] : [];
    throw new Error(['Not as openapi.json says:', ...faults.slice(0, faultsMax), ...more].join('\n  '));
  }

  #see(answer: Response, input: Arguments[0], init: Arguments[1]): void {
    if (!this.#isOurs(answer)) return;
    const checking = this.#examine(answer.clone(), input, init).finally(() => this.#pending.delete(checking));
    this.#pending.add(checking);
  }

  /** An answer without a length may never end, and is not waited for. */
  #isOurs({ headers, status, url, bodyUsed }: Response): boolean {
    const isWhole = headers.has('content-length') || status === 204;
    if (!isWhole || bodyUsed || url === '') return false;
    return this.#options.isBare === true
      ? loopback.includes(new URL(url).hostname)
      : headers.has(requestIdHeader);
  }

  async #examine(answer: Response, input: Arguments[0], init: Arguments[1]): Promise<void> {
    const exchange = await exchangeOf(answer, input, init);
    this.#check ??= makeCheck(this.#options);
    const check = await this.#check;
    if (exchange === undefined || unchecked.includes(exchange.method) || !check.knows(exchange.path)) return;
    this.#checked += 1;
    this.#faults.push(...check.faultsOf(exchange));
  }
}

/** Nothing where the body did not come in whole. */
async function exchangeOf(
  answer: Response,
  input: Arguments[0],
  init: Arguments[1],
): Promise<Exchange | undefined> {
  const body = await answer.text().catch(() => undefined);
  if (body === undefined) return undefined;
  const { pathname: path, searchParams: query } = new URL(answer.url);
  const { status, headers } = answer;
  return { ...requestOf(input, init), path, query, status, headers, body };
}

function requestOf(input: Arguments[0], init: Arguments[1]) {
  const request = input instanceof Request ? input : undefined;
  return {
    method: (init?.method ?? request?.method ?? 'GET').toUpperCase(),
    requestHeaders: new Headers(init?.headers ?? request?.headers),
    requestBody: textOf(init?.body),
  };
}

/** Loaded when the first answer is there: most spec files never ask anything. */
async function makeCheck(options: CheckOptions): Promise<ExchangeCheck> {
  const { ExchangeCheck: Check } = await import('./exchange-check.ts');
  return new Check(options);
}

function textOf(body: unknown): string | undefined {
  if (typeof body === 'string') return body;
  return body instanceof Uint8Array ? new TextDecoder().decode(body) : undefined;
}
