/** Which devices a user has. */
import type { DeviceKey, UserKey } from '../keys.js';
import type { Device } from '../receipt.js';

/** A sighting of a device. `at` in epoch milliseconds. */
export interface DeviceSighting {
  readonly device: DeviceKey;
  readonly at: number;
  readonly app?: string;
}

export abstract class Devices {
  /**
   * Notes the devices, durable before it resolves. With more than `max` devices of a user the ones seen
   * longest ago are forgotten, with their cursors. In batches, without order between calls.
   * @throws PortUnavailable
   */
  abstract seen(sightings: readonly DeviceSighting[], max: number): Promise<void>;
  /** The user's devices, most recently seen first. @throws PortUnavailable */
  abstract ofUser(user: UserKey): Promise<readonly Device[]>;
  /** Forgets all devices of the user, with their cursors; durable. @throws PortUnavailable */
  abstract forget(user: UserKey): Promise<void>;
}
