/**
 * The REST calls of the demo.
 * The key is fetched by the page itself and stays in memory; it is never stored.
 */

/** What a person typed into the form. */
export interface Letter {
  readonly to: string;
  readonly event: string;
  readonly title: string;
  readonly body: string;
}

/** What Collect said to one POST. `kept`: not accepted now, the same request may be sent again after
 *  `retryInMs`. */
export type PostOutcome =
  | { readonly kind: 'accepted'; readonly id: string }
  | { readonly kind: 'kept'; readonly why: string; readonly retryInMs: number }
  | { readonly kind: 'refused'; readonly why: string };

/** One user's delivery, as far as the page shows it. `unknown`: the server has forgotten the message. */
export interface Delivery {
  readonly status: string;
  readonly summary: string;
}

interface Problem {
  readonly title?: string;
  readonly detail?: string;
  readonly retryable?: boolean;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
}

/** The server is there and does not give the page a key. */
class AccessRefused extends Error {}

const callTimeoutMs = 10_000;
const retryMinMs = 1_000;
const retryMaxMs = 10_000;

let key: Promise<string> | undefined;

/** A token of this user, as a page of your own would get it from your backend. */
export async function userToken(user: string, signal: AbortSignal): Promise<string> {
  const response = await call('/v1/tokens', { method: 'POST', body: JSON.stringify({ user }), signal });
  if (!response.ok) throw new Error(explain((await response.json()) as Problem));
  return ((await response.json()) as { token: string }).token;
}

/** Never rejects. The idempotency key makes it safe to call again with the same letter. */
export async function post(letter: Letter, idempotencyKey: string): Promise<PostOutcome> {
  const { to, event, title, body } = letter;
  const notification = body === '' ? { title } : { title, body };
  try {
    const response = await call('/v1/messages', {
      method: 'POST',
      headers: { 'Idempotency-Key': idempotencyKey },
      body: JSON.stringify({ to, event, notification }),
    });
    const answer = (await response.json()) as Problem & { id: string };
    if (response.status === 202) return { kind: 'accepted', id: answer.id };
    const why = explain(answer);
    return answer.retryable ? { kind: 'kept', why, retryInMs: retryIn(response) } : { kind: 'refused', why };
  } catch (error) {
    const why = error instanceof AccessRefused ? error.message : 'The server cannot be reached.';
    return { kind: 'kept', why, retryInMs: retryMinMs };
  }
}

/** Undefined while it cannot be asked. */
export async function delivery(id: string, user: string): Promise<Delivery | undefined> {
  try {
    const response = await call(`/v1/messages/${id}/deliveries/${encodeURIComponent(user)}`, {});
    if (response.status === 404) return { status: 'unknown', summary: `The server does not know ${id}.` };
    return response.ok ? ((await response.json()) as Delivery) : undefined;
  } catch {
    // Away: whoever asks will ask again.
    return undefined;
  }
}

/** With the demo's key; with a new one if the server has other data than when it was fetched. */
async function call(path: string, init: RequestInit): Promise<Response> {
  const used = demoKey();
  const response = await callWith(await used, path, init);
  if (response.status !== 401) return response;
  if (key === used) key = undefined;
  return callWith(await demoKey(), path, init);
}

function callWith(bearer: string, path: string, init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set('Authorization', `Bearer ${bearer}`);
  if (init.body !== undefined) headers.set('Content-Type', 'application/json');
  return fetch(path, { signal: AbortSignal.timeout(callTimeoutMs), ...init, headers });
}

/** Asked for again after a failure. */
function demoKey(): Promise<string> {
  key ??= fetchKey().catch((error: unknown) => {
    key = undefined;
    throw error;
  });
  return key;
}

async function fetchKey(): Promise<string> {
  const response = await fetch('/demo/access', { signal: AbortSignal.timeout(callTimeoutMs) });
  if (response.ok) return ((await response.json()) as { key: string }).key;
  if (response.status >= 500) throw new Error('the server is going away');
  throw new AccessRefused('This server does not offer the demo: it must listen on a loopback address.');
}

function retryIn(response: Response): number {
  const askedMs = Number(response.headers.get('Retry-After') ?? 0) * 1_000;
  return Math.min(Math.max(askedMs, retryMinMs), retryMaxMs);
}

function explain(problem: Problem): string {
  const fields = (problem.errors ?? []).map((one) => `${one.pointer.slice(1)}: ${one.detail}`);
  return fields.length > 0 ? fields.join('; ') : (problem.detail ?? problem.title ?? 'refused');
}
