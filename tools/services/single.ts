// One server under its address, as tests and developers see it.
import type { Server, ServerControls } from './server.ts';

export interface SingleServer extends ServerControls {
  readonly url: string;
  /** Ends it and removes its folder. Idempotent. */
  stop(): Promise<void>;
}

/** `pid` is read when asked: it changes with a restart. */
export function single(url: string, server: Server): SingleServer {
  return {
    url,
    port: server.port,
    get pid() {
      return server.pid;
    },
    pause: () => server.pause(),
    resume: () => server.resume(),
    kill: () => server.kill(),
    restart: () => server.restart(),
    stop: () => server.stop(),
  };
}
