// One connection to a process's inspector on loopback, in the words of the Chrome DevTools Protocol. Must
// never print what it reads: a heap holds messages and keys.
import { Refusal } from './refusal.ts';

const answerWithinMs = 30_000;
const connectWithinMs = 5_000;

interface Frame {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

interface Waiting {
  readonly resolve: (frame: Frame) => void;
  readonly reject: (error: Error) => void;
}

export class Inspector {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, Waiting>();
  readonly #listeners = new Map<string, (params: never) => void>();
  #asked = 0;

  /** @throws Refusal where no inspector answers on this port */
  static async connect(port: number): Promise<Inspector> {
    const socket = new WebSocket(await addressOf(port));
    await new Promise<void>((resolve, reject) => {
      socket.onopen = () => resolve();
      socket.onerror = () => reject(new Refusal(`The inspector on port ${port} takes no connection.`));
    });
    return new Inspector(socket);
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#take(JSON.parse(String(data)) as Frame);
    socket.onclose = () => this.#abandon();
    socket.onerror = () => this.#abandon();
  }

  /** What the process answers. @throws Refusal if it does not, in time or at all */
  async ask<R>(method: string, params: object = {}, withinMs = answerWithinMs): Promise<R> {
    this.#asked += 1;
    const id = this.#asked;
    if (this.#socket.readyState !== WebSocket.OPEN) throw gone();
    let timer: NodeJS.Timeout | undefined;
    try {
      const { result, error } = await new Promise<Frame>((resolve, reject) => {
        this.#waiting.set(id, { resolve, reject });
        timer = setTimeout(
          () => reject(new Refusal(`The process did not answer ${method} in time.`)),
          withinMs,
        );
        this.#socket.send(JSON.stringify({ id, method, params }));
      });
      if (error) throw new Refusal(`The process refused ${method}: ${error.message}.`);
      return result as R;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  /** One listener per event. */
  on<P>(event: string, listener: (params: P) => void): void {
    this.#listeners.set(event, listener as (params: never) => void);
  }

  /** The value of an expression that is a plain value. */
  async evaluate<R>(expression: string): Promise<R> {
    const answer = await this.ask<{ result: { value: R } }>('Runtime.evaluate', {
      expression,
      returnByValue: true,
    });
    return answer.result.value;
  }

  close(): void {
    this.#socket.close();
  }

  #take(frame: Frame): void {
    if (frame.id !== undefined) this.#waiting.get(frame.id)?.resolve(frame);
    else this.#listeners.get(frame.method ?? '')?.(frame.params as never);
  }

  #abandon(): void {
    for (const { reject } of this.#waiting.values()) reject(gone());
  }
}

async function addressOf(port: number): Promise<string> {
  let targets: unknown;
  try {
    const signal = AbortSignal.timeout(connectWithinMs);
    targets = await (await fetch(`http://127.0.0.1:${port}/json/list`, { signal })).json();
  } catch {
    throw new Refusal(`No inspector answers on 127.0.0.1:${port}.`);
  }
  const [first] = Array.isArray(targets) ? (targets as { webSocketDebuggerUrl?: unknown }[]) : [];
  if (typeof first?.webSocketDebuggerUrl !== 'string')
    throw new Refusal(`What answers on 127.0.0.1:${port} is no inspector, or somebody is connected to it.`);
  // The address that it names is its own view: behind a forwarded port only the path is right.
  return `ws://127.0.0.1:${port}${new URL(first.webSocketDebuggerUrl).pathname}`;
}

function gone(): Refusal {
  return new Refusal('The process went away, or closed its inspector.');
}
