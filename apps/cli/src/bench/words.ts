/** What the main thread and the threads of a run say to each other. Must stay plain data. */
import type { Counts } from './shift.js';
import type { Figures } from './tally.js';

export type Order =
  | { readonly kind: 'open' | 'work'; readonly startedAtMs: number }
  | { readonly kind: 'stop' };

export type Report =
  | { readonly kind: 'loaded' | 'opened' }
  | { readonly kind: 'counts'; readonly counts: Counts }
  | { readonly kind: 'done'; readonly figures: Figures };
