/** Subjects on the bus. Nothing a user or producer typed becomes part of one. */
import type { Incarnation, LogKey } from './keys.js';

export const subjects = {
  /** Every Dispatch publishes its id here each second. */
  dispatchAnnouncements: 'carillon.announce.dispatch',
  /** One Dispatch takes batches here. */
  dispatch: (id: string) => `carillon.dispatch.${id}`,
  /** One boot of one Push takes batches here. */
  push: (incarnation: Incarnation) => `carillon.push.${incarnation}`,
  /**
   * Nodes where somebody follows this topic or `all` listen here. Two logs may share a subject: who listens
   * looks at the log of each doorbell.
   */
  log: (log: LogKey) => `carillon.log.${hashed(log)}`,
  /** All Push nodes listen; used when the routes cannot be asked. */
  everyPush: 'carillon.push-all',
  /** All Push nodes listen for `Notice`s. */
  notices: 'carillon.notices',
  /** A Dispatch found nobody: every Push looks whether the table still knows it. Empty. */
  routesDoubted: 'carillon.routes.doubted',
  /** Auth answers `VerifyRequest`s here, one of its group. */
  authVerify: 'carillon.auth.verify',
  /** Auth answers with the `AuthPolicy` here. */
  authPolicy: 'carillon.auth.policy',
  /** Auth answers `KeyCheckRequest`s here: which tenant and scopes an API key has. */
  authKeyCheck: 'carillon.auth.key',
} as const;

/** 53 bits of a mixed hash in base 36: a name may hold dots, which are separators in a subject. */
function hashed(text: string): string {
  let low = 0xdeadbeef;
  let high = 0x41c6ce57;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    low = Math.imul(low ^ code, 0x9e3779b1);
    high = Math.imul(high ^ code, 0x5f356495);
  }
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35);
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35);
  return (0x100000000 * (0x1fffff & high) + (low >>> 0)).toString(36);
}
