// Set-up of the services' own projects: controllers without the wiring of a process, and no other server.
import { watchFetch } from './watch.ts';

/** The watch of this file's specs. */
export const watch = watchFetch({ isBare: true });
