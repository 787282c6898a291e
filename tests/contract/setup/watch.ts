// Puts the watch around `fetch` for all specs of a file, and fails the spec whose exchange was not as
// documented.
import { afterAll, afterEach } from 'vitest';
import type { CheckOptions } from '../exchange-check.ts';
import { FetchWatch } from '../fetch-watch.ts';

/** To be called by a set-up file, once. */
export function watchFetch(options: CheckOptions = {}): FetchWatch {
  const watch = new FetchWatch(options);
  globalThis.fetch = watch.around(globalThis.fetch);
  afterEach(() => watch.settle());
  afterAll(() => watch.settle());
  return watch;
}
