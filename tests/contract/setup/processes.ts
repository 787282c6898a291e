// Set-up of projects whose specs talk to whole processes: those put their request id on every answer.
import { watchFetch } from './watch.ts';

/** What `fetch` was before. */
export const unwatched = globalThis.fetch;
/** The watch of this file's specs. */
export const watch = watchFetch();
