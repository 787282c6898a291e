/**
 * The limits that both ends of the wire know. Must never be read from configuration: a node may be configured
 * tighter and then says so in `welcome`, never looser.
 */

const minute = 60_000;
const day = 24 * 60 * minute;

/** Every limit of the protocol and of the API; units are the last word of a name. */
export const limits = {
  /** Largest client frame, in bytes of UTF-8; above it the socket closes with 4013. */
  frameBytesMax: 16_384,
  /** Largest server frame, in bytes of UTF-8: a message with full `data`, or a welcome with every log. */
  serverFrameBytesMax: 262_144,
  /** Most messages of one log that may be sent and unsettled on one session. */
  ackWindow: 64,
  /** Most bytes of one log that may be sent and unsettled on one session. */
  ackWindowBytes: 262_144,
  /** How often the server pings; the client gives up after 1.5 of these without any traffic. */
  heartbeatMs: 25_000,
  /** How long the server waits for `hello` after the upgrade. */
  helloTimeoutMs: 5_000,
  /** How long the SDK waits for a handler before it reports the message as failed. */
  handlerTimeoutMs: 25_000,
  /** How long the SDK collects settlements before it sends an `ack`. */
  ackDelayMs: 100,
  /** How many settlements make the SDK send an `ack` at once. */
  ackEvery: 16,
  /** Upper bound of the first reconnect delay (full jitter). */
  reconnectMinMs: 500,
  /** Upper bound of any reconnect delay (full jitter). */
  reconnectMaxMs: 30_000,
  /** How long a socket must have been open for the reconnect delay to start anew. */
  stableAfterMs: 30_000,
  /** Largest `data` of a message, in bytes of JSON text. */
  dataBytesMax: 65_536,
  /** Largest body of a REST request. */
  bodyBytesMax: 1_048_576,
  /** Most named addressees of one message. */
  recipientsMax: 1_000,
  /** Most items of one batch. */
  batchMax: 1_000,
  /** Deepest nesting of arrays and objects in `data`. */
  jsonDepthMax: 32,
  /** Longest idempotency key, in characters. */
  idempotencyKeyMax: 255,
  /** Longest time to live of a message. */
  ttlMaxMs: 28 * day,
  /** Time to live of a message that names none. */
  ttlDefaultMs: 7 * day,
  /** Longest time that a message may wait before it is delivered. */
  delayMaxMs: 90 * day,
  /** Longest token, in bytes. */
  tokenBytesMax: 4_096,
  /** Longest validity of a user's token. */
  tokenTtlMaxMs: 15 * minute,
  /** Most remembered devices of one user; one more evicts the one seen longest ago. */
  devicesPerUserMax: 20,
  /** Most simultaneous instances of one user; one more is closed with 4009. */
  instancesPerUserMax: 20,
  /** Most topics of one session, and most cursors of one `hello`. */
  topicsPerSessionMax: 256,
  /** Most ids of one `read` frame. */
  readIdsMax: 100,
  /** Longest free text on the wire (titles, `app`), in UTF-16 units. */
  textMax: 1_024,
} as const;
