// A server that somebody else runs, from what the command or the environment says of it.
import { defaultTimes, type Target } from './stage.ts';

export interface Given {
  /** `ws://…` or `http://…`; `/v1/connect` is added where the path is empty. */
  readonly url?: string | undefined;
  readonly key?: string | undefined;
  readonly collectUrl?: string | undefined;
  readonly authUrl?: string | undefined;
  readonly origin?: string | undefined;
  readonly mayReachEverybody?: boolean | undefined;
}

/** The target, or a sentence that says what is missing. */
export function givenTarget(given: Given): Target | string {
  if (!given.url || !URL.canParse(given.url))
    return 'Give the address of a server: --url ws://host:port/v1/connect, or CARILLON_URL.';
  if (!given.key)
    return 'Give an API key in CARILLON_KEY: it must be allowed to write messages, tokens and topics.';
  const url = new URL(given.url);
  const isSecure = url.protocol === 'wss:' || url.protocol === 'https:';
  const path = url.pathname === '/' ? '/v1/connect' : url.pathname;
  const httpUrl = `${isSecure ? 'https' : 'http'}://${url.host}`;
  return {
    name: url.host,
    socketUrl: `${isSecure ? 'wss' : 'ws'}://${url.host}${path}`,
    collectUrl: given.collectUrl ?? httpUrl,
    authUrl: given.authUrl ?? httpUrl,
    key: given.key,
    origin: given.origin,
    mayReachEverybody: given.mayReachEverybody,
    ...defaultTimes,
  };
}
