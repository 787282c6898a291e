/**
 * Decides before the upgrade who may have a socket, in the order of docs/reference/delivery.md section 6:
 * admission, subprotocol, Origin, bearer. Frames are not Nest's business: `bindMessageHandlers` does nothing.
 */
import type { IncomingMessage } from 'node:http';
import { bearerPrefix, type ErrorCode, errorCodes, limits, subprotocol } from '@carillon/wire';
import type { INestApplicationContext } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import { Admission } from '../node/admission.js';
import { Drain } from '../node/drain.js';
import { AuthLink } from '../session/auth-link.js';
import { ClientAddresses } from './client-address.js';

const bearerRule =
  `a token is needed: as ${bearerPrefix}<token> beside ${subprotocol} in Sec-WebSocket-Protocol,` +
  ' or as Authorization: Bearer';

type Done = (isAllowed: boolean, status?: number, body?: string, headers?: Record<string, string>) => void;

interface Refusal {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly retryAfterS?: number;
}

/** Frames above the limit are closed 4013 by us; ws itself cuts off only what is far beyond. */
const socketOptions = {
  maxPayload: limits.frameBytesMax * 4,
  maxFragments: 16,
  maxBufferedChunks: 64,
  perMessageDeflate: false,
  // ws would go on answering after the close, with an error object for each ping of a flood.
  autoPong: false,
  clientTracking: false,
  closeTimeout: 1_000,
};

/** Whom the adapter asks about each upgrade. */
interface Parts {
  readonly drain: Drain;
  readonly admission: Admission;
  readonly addresses: ClientAddresses;
  readonly auth: AuthLink;
}

export class PushWsAdapter extends WsAdapter {
  private readonly context: INestApplicationContext;
  /** Looked up once: Nest looks through all modules for each of them. */
  private known: Parts | undefined;

  constructor(app: INestApplicationContext) {
    super(app);
    this.context = app;
  }

  override create(port: number, options: Record<string, unknown>) {
    return super.create(port, {
      ...options,
      ...socketOptions,
      handleProtocols: () => subprotocol,
      verifyClient: (info: { req: IncomingMessage }, done: Done) => this.verify(info.req, done),
    } as Parameters<WsAdapter['create']>[1]);
  }

  override bindMessageHandlers(): void {}

  /**
   * A client's protocol error closes its socket with a code, which is counted; a stack per error would be a
   * flood.
   */
  override bindErrorHandler(server: unknown): unknown {
    return server;
  }

  private get parts(): Parts {
    const { context } = this;
    this.known ??= {
      drain: context.get(Drain),
      admission: context.get(Admission),
      addresses: context.get(ClientAddresses),
      auth: context.get(AuthLink),
    };
    return this.known;
  }

  private verify(request: IncomingMessage, done: Done): void {
    const refusal = this.refusalOf(request);
    if (!refusal) {
      done(true);
      return;
    }
    const { status, title, retryable } = errorCodes[refusal.code];
    const problem = { title, status, code: refusal.code, detail: refusal.detail, retryable };
    done(false, status, JSON.stringify(problem), {
      'Content-Type': 'application/problem+json',
      ...(refusal.retryAfterS === undefined ? {} : { 'Retry-After': String(refusal.retryAfterS) }),
    });
  }

  private refusalOf(request: IncomingMessage): Refusal | undefined {
    const { drain, admission, addresses, auth } = this.parts;
    if (drain.isDraining) {
      return { code: 'draining', detail: 'this node is going away', retryAfterS: 1 };
    }
    const retryAfterS = admission.refuseForS(addresses.of(request));
    if (retryAfterS !== undefined) {
      return { code: 'overloaded', detail: 'too many sockets are here or coming in', retryAfterS };
    }
    if (!protocols(request).includes(subprotocol)) {
      return { code: 'unsupported_subprotocol', detail: `Sec-WebSocket-Protocol must offer ${subprotocol}` };
    }
    const { origin } = request.headers;
    if (origin !== undefined && !auth.isKnownOrigin(origin)) {
      return { code: 'origin_forbidden', detail: 'no tenant allows this Origin' };
    }
    if (bearerOf(request) === undefined) {
      return { code: 'token_missing', detail: bearerRule };
    }
    return undefined;
  }
}

/**
 * The token of an upgrade request. A browser's travels as a subprotocol; never one in the URL, never a
 * cookie.
 */
export function bearerOf(request: IncomingMessage): string | undefined {
  const offered = protocols(request).find((one) => one.startsWith(bearerPrefix));
  if (offered) return offered.slice(bearerPrefix.length);
  if (request.headers.origin !== undefined) return undefined;
  const [scheme, token] = (request.headers.authorization ?? '').split(' ');
  return scheme?.toLowerCase() === 'bearer' && token ? token : undefined;
}

function protocols(request: IncomingMessage): string[] {
  return (request.headers['sec-websocket-protocol'] ?? '').split(',').map((one) => one.trim());
}
