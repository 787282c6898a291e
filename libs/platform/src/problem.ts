/**
 * What is wrong with a request, as RFC 9457 says it.
 * Must never carry what the request held or what a driver said.
 */
import { type ErrorCode, errorCodes, type FieldCode } from '@carillon/wire';

/**
 * One wrong field. `pointer` is a JSON Pointer (RFC 6901) into the body; `detail` names the allowed values.
 */
export interface FieldFault {
  readonly pointer: string;
  readonly code: FieldCode;
  readonly detail: string;
}

export interface ProblemExtra {
  readonly errors?: readonly FieldFault[];
  /** Whole seconds; 1 where a 429 or 503 does not say. */
  readonly retryAfterS?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The body of an answer, `application/problem+json`. Source: RFC 9457. */
export interface ProblemBody {
  /** Where the code is explained, relative to the server that answered. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly errors?: readonly FieldFault[];
  readonly requestId: string;
  readonly retryable: boolean;
}

/**
 * Thrown anywhere below a controller, it becomes the answer. `detail` is for people and names the remedy. Has
 * no stack: it is an answer, not a fault, and there are thousands a second when there is too much to do.
 */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: ErrorCode;
  readonly detail: string;
  readonly errors: readonly FieldFault[] | undefined;
  readonly retryAfterS: number | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ErrorCode, detail: string, extra: ProblemExtra = {}) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(`${code}: ${detail}`);
    Error.stackTraceLimit = stackTraceLimit;
    this.code = code;
    this.detail = detail;
    this.errors = extra.errors;
    this.retryAfterS = extra.retryAfterS;
    this.headers = extra.headers ?? {};
  }

  get status(): number {
    return errorCodes[this.code].status;
  }
}

/** The page that explains a code. */
export const errorsPath = '/docs/errors';
export const problemType = 'application/problem+json; charset=utf-8';

/** The answer's body. */
export function problemBody(problem: Problem, requestId: string): ProblemBody {
  const { status, title, retryable } = errorCodes[problem.code];
  return {
    type: `${errorsPath}#${problem.code}`,
    title,
    status,
    detail: problem.detail,
    code: problem.code,
    ...(problem.errors === undefined ? {} : { errors: problem.errors }),
    requestId,
    retryable,
  };
}

/** The answer's headers: those of the problem, and Retry-After with every 429 and 503. */
export function problemHeaders(problem: Problem): Record<string, string> {
  const { status } = problem;
  const retryAfterS = problem.retryAfterS ?? (status === 429 || status === 503 ? 1 : undefined);
  return {
    'content-type': problemType,
    ...problem.headers,
    ...(retryAfterS === undefined ? {} : { 'retry-after': String(Math.max(1, Math.ceil(retryAfterS))) }),
  };
}
