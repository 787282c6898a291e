// A producer and a client who know nothing but the public address and a key: what people outside of the
// cluster see. Must not look at anything that is inside.
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';

const answerTimeoutMs = 10_000;
const frameTimeoutMs = 15_000;
const settledTimeoutMs = 15_000;
const pollMs = 50;

interface Frame {
  readonly type: string;
  readonly id?: string;
  readonly log?: string;
  readonly seq?: number;
}

interface Ledger {
  readonly status: string;
  readonly devices: readonly { readonly status: string; readonly node?: string }[];
}

export interface Delivered {
  readonly status: string;
  /** Names of the nodes that sent it, as the ledger has them. */
  readonly nodes: readonly string[];
}

export class FrontDoor {
  readonly #url: string;
  readonly #key: string;

  constructor(url: string, key: string) {
    this.#url = url;
    this.#key = key;
  }

  async token(user: string): Promise<string> {
    return (await this.#call<{ token: string }>('POST', '/v1/tokens', { user })).token;
  }

  async post(user: string): Promise<string> {
    const body = { to: `user:${user}`, event: 'told', data: { text: 'hello' } };
    return (await this.#call<{ id: string }>('POST', '/v1/messages', body)).id;
  }

  /** Opens a socket and says hello. */
  connect(token: string, device: string, cookie?: string): Promise<Visitor> {
    return Visitor.open(this.#url.replace('http', 'ws'), { token, device, cookie });
  }

  /** What the ledger says once so many devices have it, or after a while. */
  async outcome(message: string, user: string, devicesMin = 1): Promise<Delivered> {
    const deadline = Date.now() + settledTimeoutMs;
    for (;;) {
      const path = `/v1/messages/${message}/deliveries/${user}`;
      const { status, devices } = await this.#call<Ledger>('GET', path);
      const done = devices.filter((device) => device.status === 'delivered');
      if (done.length >= devicesMin || Date.now() > deadline)
        return { status, nodes: done.flatMap(({ node }) => node ?? []) };
      await sleep(pollMs);
    }
  }

  async #call<T>(method: string, path: string, body?: object): Promise<T> {
    const headers = { authorization: `Bearer ${this.#key}`, 'content-type': 'application/json' };
    const answer = await fetch(this.#url + path, {
      method,
      headers: body ? headers : { authorization: headers.authorization },
      ...(body ? { body: JSON.stringify(body) } : {}),
      signal: AbortSignal.timeout(answerTimeoutMs),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text) as T;
  }
}

interface Ticket {
  readonly token: string;
  readonly device: string;
  readonly cookie: string | undefined;
}

/** A client that acknowledges what it gets. */
export class Visitor {
  /** What the proxy wants to see again; undefined when it said nothing. */
  readonly cookie: string | undefined;
  readonly #socket: WebSocket;
  readonly #frames: Frame[] = [];
  #wake: () => void = () => {};

  private constructor(socket: WebSocket, cookie: string | undefined) {
    this.#socket = socket;
    this.cookie = cookie;
  }

  static async open(url: string, { token, device, cookie }: Ticket): Promise<Visitor> {
    const headers = cookie === undefined ? {} : { cookie };
    const socket = new WebSocket(`${url}/v1/connect`, ['carillon.v1', `bearer.${token}`], { headers });
    const upgraded = once(socket, 'upgrade');
    const opened = once(socket, 'open');
    const [answer] = (await upgraded) as [IncomingMessage];
    const visitor = new Visitor(socket, answer.headers['set-cookie']?.[0]?.split(';')[0]);
    socket.on('message', (data: Buffer) => visitor.#take(JSON.parse(data.toString()) as Frame));
    socket.on('error', () => visitor.#wake());
    await opened;
    visitor.#send({ type: 'hello', device, instance: device, cursors: {}, topics: [] });
    await visitor.got(({ type }) => type === 'welcome');
    return visitor;
  }

  /** @throws after a while without such a frame */
  async got(isIt: (frame: Frame) => boolean): Promise<Frame> {
    const deadline = Date.now() + frameTimeoutMs;
    for (;;) {
      const found = this.#frames.find(isIt);
      if (found) return found;
      if (Date.now() > deadline || this.#socket.readyState === WebSocket.CLOSED)
        throw new Error(`the frame did not come; there came ${JSON.stringify(this.#frames)}`);
      await Promise.race([
        sleep(pollMs),
        new Promise<void>((resolve) => {
          this.#wake = resolve;
        }),
      ]);
    }
  }

  /** Leaves, and waits until the socket is closed. */
  async leave(): Promise<void> {
    const closed = once(this.#socket, 'close');
    this.#socket.close();
    await closed;
  }

  #take(frame: Frame): void {
    this.#frames.push(frame);
    if (frame.type === 'message') this.#send({ type: 'ack', log: frame.log, seq: frame.seq });
    if (frame.type === 'ping') this.#send({ type: 'pong' });
    this.#wake();
  }

  #send(frame: object): void {
    this.#socket.send(JSON.stringify(frame));
  }
}
