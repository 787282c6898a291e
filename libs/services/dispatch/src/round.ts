/** One batch from Collect on its way to the nodes: its doorbells, and which of them were refused so far. */
import type { DispatchAnswer, DoorbellSlice } from '@carillon/domain';

export class Round {
  /** The answer has been given: what is not on its way yet stays here. */
  isOver = false;
  /** Per doorbell, how many nodes do not take it. */
  private readonly refusals: Uint16Array;

  constructor(readonly slices: readonly DoorbellSlice[]) {
    this.refusals = new Uint16Array(slices.length);
  }

  /** `places`: of the doorbells within the batch. */
  refuse(places: readonly number[]): void {
    for (const place of places) this.refusals[place] = (this.refusals[place] ?? 0) + 1;
  }

  /** Takes a refusal back. */
  accept(places: readonly number[]): void {
    for (const place of places) this.refusals[place] = (this.refusals[place] ?? 1) - 1;
  }

  /** An entry that several nodes refuse counts once. */
  get answer(): DispatchAnswer {
    return { entries: this.slices.length, refused: this.refusals.filter((count) => count > 0).length };
  }
}
