// A page in a browser: our SDK, a socket that keeps cookies as browsers do, an address to come from.
// Must never choose a node: it comes to the balancer alone.
import { Carillon, type ConnectionState, type SocketConstructor } from '@carillon/client';
import { WebSocket } from 'ws';

export interface VisitorPlan {
  /** Of the balancer, `http://…`. */
  readonly url: string;
  readonly token: string;
  readonly device: string;
  /** 127.0.0.2 …; may change from socket to socket. */
  readonly address?: string;
  /** As another tab of this profile has it. */
  readonly cookie?: string;
}

/** A frame or an end is looked for that long, on a machine that may be busy. */
const patienceMs = 40_000;

export class Visitor {
  /** The cookie that the next socket brings along. */
  cookie: string | undefined;
  address: string | undefined;
  /** That welcomed it, socket by socket. */
  readonly nodes: string[] = [];
  /** How its sockets ended, those that it closed itself included. */
  readonly endings: number[] = [];
  /** `data.n` of each message as the handler got it. */
  readonly got: number[] = [];
  readonly states: ConnectionState[] = [];
  readonly #carillon: Carillon;
  readonly #waiting = new Set<() => void>();

  constructor({ url, token, device, address, cookie }: VisitorPlan) {
    this.cookie = cookie;
    this.address = address;
    this.#carillon = new Carillon(url, {
      token: () => token,
      device,
      WebSocket: socketClass({
        where: () => this,
        onCookie: (given) => {
          this.cookie = given;
        },
        onWelcome: (node) => this.#note(this.nodes, node),
        onEnd: (code) => this.#note(this.endings, code),
      }),
    });
    this.#carillon.on('message', ({ data }) => this.#note(this.got, (data as { n: number }).n));
    this.#carillon.on('state', (state) => this.#note(this.states, state));
  }

  /** Resolves when it has been welcomed. */
  static async open(plan: VisitorPlan): Promise<Visitor> {
    const visitor = new Visitor(plan);
    await visitor.until(() => visitor.nodes.length > 0, 'a welcome');
    return visitor;
  }

  /** The node that it is on, or was. */
  get node(): string {
    return this.nodes.at(-1) ?? '';
  }

  /** @throws Error with what it has seen when that is not so in time */
  async until(isIt: () => boolean, what: string): Promise<void> {
    const late = Date.now() + patienceMs;
    while (!isIt()) {
      const left = late - Date.now();
      if (left <= 0) throw new Error(`not reached: ${what}; ${JSON.stringify(this)}`);
      await new Promise<void>((resolve) => {
        const wake = () => {
          clearTimeout(timer);
          this.#waiting.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, left);
        this.#waiting.add(wake);
      });
    }
  }

  /** Leaves, and comes back as a page that was loaded again: cookie and device are kept. */
  close(): void {
    this.#carillon.close();
  }

  /** As `connect` of the SDK: a wait for the next attempt ends now. */
  connect(): void {
    this.#carillon.connect();
  }

  toJSON(): object {
    const { nodes, endings, got, states, cookie, address } = this;
    return { nodes, endings, got, states: states.slice(-3), cookie, address };
  }

  #note<T>(list: T[], one: T): void {
    list.push(one);
    for (const wake of this.#waiting) wake();
  }
}

/** What a page's sockets ask of it, and tell it. */
interface SocketOwner {
  readonly where: () => { readonly address: string | undefined; readonly cookie: string | undefined };
  readonly onCookie: (cookie: string) => void;
  readonly onWelcome: (node: string) => void;
  readonly onEnd: (code: number) => void;
}

function socketClass({ where, onCookie, onWelcome, onEnd }: SocketOwner): SocketConstructor {
  class PageSocket extends WebSocket {
    constructor(url: string, protocols: string[]) {
      const { address, cookie } = where();
      super(url, protocols, {
        ...(address === undefined ? {} : { localAddress: address }),
        headers: cookie === undefined ? {} : { cookie },
      });
      this.on('error', () => {}); // The close that follows tells.
      this.on('upgrade', ({ headers }) => {
        const [given] = headers['set-cookie']?.[0]?.split(';') ?? [];
        if (given !== undefined) onCookie(given);
      });
      this.on('message', (data: Buffer) => {
        const { type, node } = JSON.parse(data.toString()) as { type: string; node?: string };
        if (type === 'welcome' && node !== undefined) onWelcome(node);
      });
      this.on('close', onEnd);
    }
  }
  return PageSocket as unknown as SocketConstructor;
}
