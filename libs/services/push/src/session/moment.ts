/** One instant on both clocks, asked once for all that happens in it. */
import type { Clock } from '@carillon/domain/ports';

export interface Moment {
  /** Epoch milliseconds. */
  readonly wall: number;
  readonly monotonic: number;
}

export function momentOf(clock: Clock): Moment {
  return { wall: clock.now(), monotonic: clock.monotonic() };
}
