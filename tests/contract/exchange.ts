// A request and its answer, as the check sees them.

export interface Exchange {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly requestHeaders: Headers;
  /** Undefined: none, or not known. */
  readonly requestBody: string | undefined;
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** `application/json`, without parameters; empty for none. */
export function mediaTypeOf(headers: Headers): string {
  return (headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}
