/** Which messages a user has read, as the page said. Kept 30 days. */
import type { UserKey } from '../keys.js';

export abstract class Reads {
  /**
   * Notes that the user has read these messages at `at` (epoch ms); the first time stays. May be lost with
   * the store's primary. @throws PortUnavailable
   */
  abstract note(user: UserKey, messageIds: readonly string[], at: number): Promise<void>;
  /** When the users read this message; absent where not. @throws PortUnavailable */
  abstract ofMessage(messageId: string, users: readonly UserKey[]): Promise<ReadonlyMap<UserKey, number>>;
  /** Removes all of the user's, durable. @throws PortUnavailable */
  abstract forget(user: UserKey): Promise<void>;
}
