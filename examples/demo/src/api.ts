/** The REST calls of the demo. The key is fetched by the page itself and stays in memory; it is never stored. */

/** What a person typed into the form. */
export interface Letter {
  readonly to: string;
  readonly event: string;
  readonly title: string;
  readonly body: string;
}

/** What Collect said to one POST. `kept`: not accepted now, the same request may be sent again. */
export type PostOutcome =
  | { readonly kind: 'accepted'; readonly id: string }
  | { readonly kind: 'kept'; readonly why: string }
  | { readonly kind: 'refused'; readonly why: string };

/** One user's delivery, as far as the page shows it. */
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

let key: Promise<string> | undefined;

/** The demo's own key. Asked for again after a failure. */
function demoKey(): Promise<string> {
  key ??= fetch('/demo/access')
    .then(async (response) => {
      if (!response.ok) throw new Error('This server does not offer the demo: it must listen on loopback.');
      return ((await response.json()) as { key: string }).key;
    })
    .catch((error: unknown) => {
      key = undefined;
      throw error;
    });
  return key;
}

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
    return { kind: answer.retryable ? 'kept' : 'refused', why: explain(answer) };
  } catch {
    return { kind: 'kept', why: 'the server cannot be reached' };
  }
}

/** Undefined while it cannot be asked. */
export async function delivery(id: string, user: string): Promise<Delivery | undefined> {
  try {
    const response = await call(`/v1/messages/${id}/deliveries/${encodeURIComponent(user)}`, {});
    return response.ok ? ((await response.json()) as Delivery) : undefined;
  } catch {
    return undefined;
  }
}

async function call(path: string, init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set('Authorization', `Bearer ${await demoKey()}`);
  if (init.body !== undefined) headers.set('Content-Type', 'application/json');
  const response = await fetch(path, { ...init, headers });
  if (response.status === 401) key = undefined; // the server has other data than when the page was loaded
  return response;
}

function explain(problem: Problem): string {
  const fields = (problem.errors ?? []).map((one) => `${one.pointer.slice(1)}: ${one.detail}`);
  return fields.length > 0 ? fields.join('; ') : (problem.detail ?? problem.title ?? 'refused');
}
