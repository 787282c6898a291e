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
   * Notes the device, durable before it resolves. With more than `max` devices of that user the ones seen longest ago
   * are forgotten, with their cursors. @throws PortUnavailable
   */
  abstract seen(sighting: DeviceSighting, max: number): Promise<void>;
  /** The user's devices, most recently seen first. @throws PortUnavailable */
  abstract ofUser(user: UserKey): Promise<readonly Device[]>;
}
