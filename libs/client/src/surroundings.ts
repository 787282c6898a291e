/** What the SDK needs from its surroundings, so that a test or a simulation can stand in for the browser. Must hold
 *  nothing that knows the protocol. */

/** The part of a WebSocket that the SDK uses. */
export interface Socket {
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null;
  send(text: string): void;
  close(code: number, reason?: string): void;
}

/** Opens a socket; as the constructor of WebSocket. */
export type SocketConstructor = new (url: string, subprotocols: string[]) => Socket;

/** Where time, chance, sockets and wake-ups come from. */
export interface Surroundings {
  readonly WebSocket: SocketConstructor;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Runs once after so many milliseconds; the answer cancels that. */
  readonly later: (run: () => void, ms: number) => () => void;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Calls `wake` whenever it is worth trying again at once, until `signal` aborts. */
  readonly onWake: (wake: () => void, signal: AbortSignal) => void;
  /** Told what a handler or listener threw; it is never swallowed. */
  readonly onError: (error: unknown) => void;
}

/** The browser's own, each of which may be replaced. */
export function browserSurroundings(replaced: Partial<Surroundings>): Surroundings {
  return {
    WebSocket: globalThis.WebSocket as unknown as SocketConstructor,
    now: Date.now,
    later(run, ms) {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
    random: Math.random,
    // The network is back, or the tab is looked at again (that it is hidden does no harm: one more attempt).
    onWake(wake, signal) {
      for (const kind of ['online', 'visibilitychange'])
        globalThis.addEventListener?.(kind, wake, { signal });
    },
    onError: (error) => (globalThis.reportError ?? console.error)(error),
    ...replaced,
  };
}
