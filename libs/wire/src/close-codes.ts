/**
 * The codes a socket is closed with; the range carries the verdict, so that a client that does not know a
 * code still does the right thing. Must never hold a code outside 4000–4299.
 */

/**
 * Every close code of the protocol. 4000–4099: do not reconnect;
 * 4100–4199: back off; 4200–4299: reconnect now.
 */
export const closeCodes = {
  protocol: 4000,
  tokenRejected: 4001,
  forbidden: 4003,
  disconnectedByAdministrator: 4004,
  tooManyInstances: 4009,
  frameTooBig: 4013,
  overloaded: 4100,
  slowConsumer: 4101,
  internal: 4102,
  rateLimited: 4103,
  draining: 4200,
  tokenExpired: 4201,
  heartbeatMissed: 4202,
  rebalance: 4203,
  resync: 4204,
} as const;

/** One of the numbers of `closeCodes`. */
export type CloseCode = (typeof closeCodes)[keyof typeof closeCodes];

/** What a client does after a close: give up, wait with growing jitter, or reconnect at once. */
export type CloseVerdict = 'stop' | 'back-off' | 'reconnect';

/** Total: a code of no range of ours (1006, 1001, any other) means back off. */
export function closeVerdict(code: number): CloseVerdict {
  return verdictOfHundred[Math.floor(code / 100)] ?? 'back-off';
}

const verdictOfHundred: Readonly<Record<number, CloseVerdict>> = { 40: 'stop', 42: 'reconnect' };
