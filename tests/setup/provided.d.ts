// What `inject` of vitest gives to every spec: the addresses of the servers that the global set-up started.
// One server serves the whole run: take a database or a prefix of your own, and leave nothing in another's.
import 'vitest';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A replica set of one member. */
    mongoUrl: string;
    redisUrl: string;
    natsUrl: string;
  }
}
