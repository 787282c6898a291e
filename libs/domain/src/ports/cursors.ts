/** How far each device has settled each log. Positions only ever rise. */
import type { DeviceKey, LogKey } from '../keys.js';

export interface CursorMove {
  readonly device: DeviceKey;
  readonly log: LogKey;
  readonly seq: number;
}

/** The positions of one device on these logs. */
export interface CursorQuestion {
  readonly device: DeviceKey;
  readonly logs: readonly LogKey[];
}

export abstract class Cursors {
  /** Stored positions of the device; logs without one are absent. Never stale. @throws PortUnavailable */
  abstract load(device: DeviceKey, logs: readonly LogKey[]): Promise<ReadonlyMap<LogKey, number>>;
  /**
   * What `load` gives for each of the questions, in their order: many devices in one look-up.
   * @throws PortUnavailable
   */
  abstract loadMany(questions: readonly CursorQuestion[]): Promise<readonly ReadonlyMap<LogKey, number>[]>;
  /**
   * The furthest position of any device on each log, 0 where there is none. Never stale.
   * @throws PortUnavailable
   */
  abstract furthest(logs: readonly LogKey[]): Promise<ReadonlyMap<LogKey, number>>;
  /**
   * Raises the positions, durable on a majority before it resolves; lower ones change nothing.
   * @throws PortUnavailable
   */
  abstract begin(moves: readonly CursorMove[]): Promise<void>;
  /**
   * Raises the positions; lower ones change nothing. May be lost with the store's primary: the client still
   * has it. @throws PortUnavailable
   */
  abstract advance(moves: readonly CursorMove[]): Promise<void>;
}
