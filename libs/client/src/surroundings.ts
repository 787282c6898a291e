/**
 * What the SDK needs from its surroundings, so that a test or a simulation can stand in for the browser. Must
 * hold nothing that knows the protocol.
 */

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

/** Sets the timer anew; without arguments it only stops. */
export type Timer = (run?: () => unknown, ms?: number) => void;

/** Where time, chance, sockets and wake-ups come from. */
export interface Surroundings {
  readonly WebSocket: SocketConstructor;
  /** Makes a timer that is stopped. */
  readonly timer: () => Timer;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Calls `wake` whenever it is worth trying again at once, until `signal` aborts. */
  readonly onWake: (wake: () => unknown, signal: AbortSignal) => void;
  /** Told what a handler or listener threw; it is never swallowed. */
  readonly onError: (error: unknown) => void;
}

/** The browser's own, each of which may be replaced. */
export function browserSurroundings(replaced: Partial<Surroundings>): Surroundings {
  return {
    WebSocket: globalThis.WebSocket as unknown as SocketConstructor,
    timer() {
      let id: ReturnType<typeof setTimeout> | undefined;
      return (run, ms) => {
        clearTimeout(id);
        id = run && setTimeout(run, ms);
      };
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
