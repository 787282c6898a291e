/** A rule of docs/reference/delivery.md broken by a patch of the source, to be noticed by the simulation. */
import type { Patch } from './bundle.ts';

export interface Mutant {
  readonly name: string;
  /** What it breaks. */
  readonly rule: string;
  readonly seedsMax: number;
  readonly patches: readonly Patch[];
}
