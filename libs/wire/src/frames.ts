/**
 * The frames of `carillon.v1` as discriminated unions: one JSON object each, told apart by `type`. Types
 * only; must never hold behaviour. Log names are `user`, `topic:<name>`, `all`; times are epoch milliseconds.
 */

/** Whatever JSON can say. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** First frame of a client, within `helloTimeoutMs`: who it was, and from where it goes on. */
export interface Hello {
  readonly type: 'hello';
  /** User of the last welcome; where it is not the token's, the cursors are ignored. */
  readonly user?: string;
  /** Browser profile or install; absent: an ephemeral device, nothing is stored for it. */
  readonly device?: string;
  /** The running SDK (a tab). */
  readonly instance: string;
  /** Epoch of the last welcome; where it is not the server's, the cursors are ignored. */
  readonly epoch?: string;
  /** Settled position per log; each also counts as an ack. */
  readonly cursors: Readonly<Record<string, number>>;
  /** Topics to follow, without the prefix. */
  readonly topics: readonly string[];
  /** Name and version of the page, free text. */
  readonly app?: string;
}

/** Everything up to `seq` of the log is settled; cumulative, so a lost or doubled one does no harm. */
export interface Ack {
  readonly type: 'ack';
  readonly log: string;
  readonly seq: number;
  /** Those among the settled whose handler threw or ran out of time. */
  readonly failed?: readonly number[];
  /** Those among the settled that no handler matched. */
  readonly unhandled?: readonly number[];
}

/** The user has read these messages; the server echoes it to the user's other connections. */
export interface Read {
  readonly type: 'read';
  readonly ids: readonly string[];
}

/** Follow a topic from now on; answered by `subscribed` or `error`. */
export interface Subscribe {
  readonly type: 'subscribe';
  readonly topic: string;
  readonly cursor?: number;
}

/** Follow a topic no longer; answered by `unsubscribed`. Until then frames arrive, acks may be sent. */
export interface Unsubscribe {
  readonly type: 'unsubscribe';
  readonly topic: string;
}

/** A request from the page to the business system; answered by `result` with the same `ref`. */
export interface Call {
  readonly type: 'call';
  readonly ref: string;
  readonly method: string;
  readonly data?: JsonValue;
}

/** A newer token for the live session; answered by `token-accepted`. */
export interface TokenRefresh {
  readonly type: 'token';
  readonly token: string;
}

/** Answer to `ping`. */
export interface Pong {
  readonly type: 'pong';
}

/** Where a log of the session starts. */
export interface LogStart {
  /** Exclusive: the next entry is `from + 1`. */
  readonly from: number;
  /** Newest seq of the log when the session started. */
  readonly head: number;
  /** False: continuity with the client's cursor is not proven; `from` replaces it. */
  readonly resumed: boolean;
}

/** The limits of this session, where a node may be tighter than `limits`. */
export interface WelcomeLimits {
  readonly frameBytesMax: number;
  readonly ackWindowBytes: number;
  readonly topicsPerSessionMax: number;
}

/** Answer to `hello`: the session is open, and each of its logs starts here. */
export interface Welcome {
  readonly type: 'welcome';
  readonly connection: string;
  readonly node: string;
  readonly epoch: string;
  readonly user: string;
  readonly device: string;
  readonly logs: Readonly<Record<string, LogStart>>;
  readonly heartbeatMs: number;
  /** Most unsettled messages per log. */
  readonly window: number;
  readonly tokenExpiresAt: number;
  readonly limits: WelcomeLimits;
}

/** What a device shows when the page is not in front. */
export interface NotificationContent {
  readonly title: string;
  readonly body?: string;
  readonly url?: string;
}

/** The entry `seq` of a log; per session the seqs of a log are dense and rising, skips included. */
export interface MessageFrame {
  readonly type: 'message';
  readonly log: string;
  readonly seq: number;
  readonly id: string;
  readonly event: string;
  readonly data?: JsonValue;
  readonly notification?: NotificationContent;
  readonly sentAt: number;
  readonly expiresAt?: number;
  /** True where the entry came from the store, not live. */
  readonly replay?: true;
}

/** A message in no log: it was for those who were there. Carries no seq and is not acknowledged. */
export interface VolatileFrame {
  readonly type: 'volatile';
  readonly log: string;
  readonly id: string;
  readonly event: string;
  readonly data?: JsonValue;
  readonly notification?: NotificationContent;
  readonly sentAt: number;
}

/** Why entries are passed over; newer servers may know more reasons. */
export type SkipReason = 'expired' | 'superseded' | 'recalled' | 'poison' | 'unauthorised';

/** The entries `from` to `to` (both inclusive) will not be shown; counts as one message in the order. */
export interface Skip {
  readonly type: 'skip';
  readonly log: string;
  readonly from: number;
  readonly to: number;
  readonly reason: SkipReason;
}

/** Answer to `subscribe`: the topic's log starts here. */
export interface Subscribed extends LogStart {
  readonly type: 'subscribed';
  readonly log: string;
}

/** Answer to `unsubscribe`: no frame of this log follows. */
export interface Unsubscribed {
  readonly type: 'unsubscribed';
  readonly log: string;
}

/** Why something was refused; `code` is a key of `errorCodes`, a newer server may know more. */
export interface Refusal {
  readonly code: string;
  readonly title: string;
  readonly retryable: boolean;
}

/** Answer to a `call` that succeeded. */
export interface ResultSuccess {
  readonly type: 'result';
  readonly ref: string;
  readonly ok: true;
  readonly data?: JsonValue;
}

/** Answer to a `call` that was refused. */
export interface ResultFailure {
  readonly type: 'result';
  readonly ref: string;
  readonly ok: false;
  readonly error: Refusal;
}

/** Answer to `call`. */
export type Result = ResultSuccess | ResultFailure;

/** The session now lives until `expiresAt`. */
export interface TokenAccepted {
  readonly type: 'token-accepted';
  readonly expiresAt: number;
}

/** Are you there? Answered by `pong`. */
export interface Ping {
  readonly type: 'ping';
}

/** This node goes away: open another socket at a random moment within so many milliseconds. */
export interface Drain {
  readonly type: 'drain';
  readonly withinMs: number;
}

/** Something was refused; the session goes on. `ref`: the call, or the topic, that it answers. */
export interface ErrorFrame extends Refusal {
  readonly type: 'error';
  readonly ref?: string;
}

/** Every frame a client may send. */
export type ClientFrame = Hello | Ack | Read | Subscribe | Unsubscribe | Call | TokenRefresh | Pong;

/** Every frame a server may send. */
export type ServerFrame =
  | Welcome
  | MessageFrame
  | VolatileFrame
  | Skip
  | Read
  | Subscribed
  | Unsubscribed
  | Result
  | TokenAccepted
  | Ping
  | Drain
  | ErrorFrame;
