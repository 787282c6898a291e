/** Subjects on the bus. Nothing a user or producer typed becomes part of one. */
import type { Incarnation } from './keys.js';

export const subjects = {
  /** Every Dispatch publishes its id here each second. */
  dispatchAnnouncements: 'carillon.announce.dispatch',
  /** One Dispatch takes batches here. */
  dispatch: (id: string) => `carillon.dispatch.${id}`,
  /** One boot of one Push takes batches here. */
  push: (incarnation: Incarnation) => `carillon.push.${incarnation}`,
  /** All Push nodes listen; used when the routes cannot be asked. */
  everyPush: 'carillon.push-all',
  /** A Dispatch found nobody: every Push looks whether the table still knows it. Empty. */
  routesDoubted: 'carillon.routes.doubted',
  /** Auth answers `VerifyRequest`s here, one of its group. */
  authVerify: 'carillon.auth.verify',
  /** Auth answers with the `AuthPolicy` here. */
  authPolicy: 'carillon.auth.policy',
  /** Auth answers `KeyCheckRequest`s here: which tenant and scopes an API key has. */
  authKeyCheck: 'carillon.auth.key',
} as const;
