/**
 * A whole Push node on memory ports and a fake clock, with real sockets to it; for specs. Never part of a
 * build.
 */
import type { AddressInfo, Socket } from 'node:net';
import {
  type AuthPolicy,
  type Doorbell,
  type Draft,
  encodeDoorbell,
  entryFrame,
  fromJsonBytes,
  type Incarnation,
  joinDoorbells,
  type LogKey,
  type Notice,
  type PushAnswer,
  subjects,
  type TokenVerdict,
  toJsonBytes,
  type VerifyRequest,
} from '@carillon/domain';
import type { Bus } from '@carillon/domain/ports';
import { createLogger, Health, Metrics, readConfig, type ServiceContext } from '@carillon/platform';
import { FaultyBus, FaultyStore, type MemoryPorts, memoryPorts } from '@carillon/testkit';
import { type ClientFrame, decodeServerFrame, type ServerFrame } from '@carillon/wire';
import type { INestApplication } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { WebSocket } from 'ws';
import { AntiEntropy } from '../delivery/anti-entropy.js';
import { Lease } from '../node/lease.js';
import { LoopWatch } from '../node/loop-watch.js';
import { PushModule } from '../push.module.js';
import { PushOptions } from '../push-options.js';
import { Registry } from '../session/registry.js';
import { PushWsAdapter } from './push-ws-adapter.js';

export const rigOrigin = 'https://shop.example';
export const foreignOrigin = 'https://other.example';

type FaultyPorts = MemoryPorts & { readonly store: FaultyStore; readonly bus: FaultyBus };

export interface RigOrder {
  /** Another node on the ports of this one, with one Auth for both. */
  readonly beside?: PushRig;
  /** What no configuration can set. */
  readonly options?: Partial<PushOptions>;
}

/** One node, one Auth that says what the spec wants. */
export class PushRig {
  /** What Auth says of a token. */
  verdict: (token: string) => TokenVerdict;
  private readonly devices: TestDevice[] = [];
  private appended = 0;

  private constructor(
    readonly ports: FaultyPorts,
    readonly context: ServiceContext,
    private readonly app: INestApplication,
    private readonly url: string,
  ) {
    const { clock } = ports;
    this.verdict = () => ({
      verdict: 'accepted',
      tenant: 'default',
      user: '42',
      expiresAt: clock.now() + 600_000,
    });
  }

  static async start(
    env: Readonly<Record<string, string>> = {},
    { beside, options = {} }: RigOrder = {},
  ): Promise<PushRig> {
    const ports = beside?.ports ?? (await faultyPorts());
    const services = ['auth', 'collect', 'dispatch', 'push'] as const;
    const config = readConfig(services, { PUSH_DRAIN_MS: '1000', CARILLON_NODE: 'push-1', ...env });
    const log = createLogger({ services: ['push'], node: 'push-1', level: 'fatal' });
    const context = {
      ...ports,
      config,
      node: config.node,
      metrics: new Metrics(),
      health: new Health(),
      log,
    };
    let rig = beside;
    if (!beside) playAuth(ports.bus, (token) => rig?.verdict(token));
    const imports = [PushModule.with(context)];
    const module = await Test.createTestingModule({ imports }).compile();
    Object.assign(module.get(PushOptions), options);
    const app = module.createNestApplication(new FastifyAdapter(), { logger: false });
    app.useWebSocketAdapter(new PushWsAdapter(app));
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as AddressInfo;
    rig = new PushRig(ports, context, app, `ws://127.0.0.1:${port}/v1/connect`);
    return rig;
  }

  device(
    protocols = ['carillon.v1', 'bearer.t'],
    headers: Record<string, string> = { origin: rigOrigin },
  ): TestDevice {
    const device = new TestDevice(new WebSocket(this.url, protocols, { headers }));
    this.devices.push(device);
    return device;
  }

  get antiEntropy(): AntiEntropy {
    return this.app.get(AntiEntropy);
  }

  get registry(): Registry {
    return this.app.get(Registry);
  }

  get incarnation(): Incarnation {
    return this.app.get(PushOptions).incarnation;
  }

  get loop(): LoopWatch {
    return this.app.get(LoopWatch);
  }

  get lease(): Lease {
    return this.app.get(Lease);
  }

  /** Shuts the node down; draining waits on the fake clock, so time passes meanwhile. */
  async drain(): Promise<void> {
    let isClosed = false;
    const closed = this.app.close().then(() => {
      isClosed = true;
    });
    while (!isClosed) await this.ports.clock.advance(100);
    await closed;
  }

  async stop(): Promise<void> {
    for (const device of this.devices) device.socket.terminate();
    await this.drain();
  }

  /** Lets time pass while the devices answer pings. */
  async beat(ms: number, ...live: readonly TestDevice[]): Promise<void> {
    for (let passed = 0; passed < ms; passed += 20_000) {
      for (const device of live) if (device.isOpen) device.send({ type: 'pong' });
      await Promise.all(live.map((device) => device.roundTrip()));
      await this.ports.clock.advance(20_000);
    }
  }

  async append(log: LogKey, count: number, ttlMs = 3_600_000): Promise<void> {
    const { clock, store } = this.ports;
    const drafts = Array.from({ length: count }, (): Draft => {
      const acceptedAt = clock.now();
      const id = `msg_${this.context.node}_${++this.appended}`;
      return { id, log, acceptedAt, expiresAt: acceptedAt + ttlMs, event: 'order.paid', data: '{}' };
    });
    await store.log.append(drafts);
  }

  /** Rings for everything of the log after `after`, as Dispatch would, at the node where `at` has a route. */
  async ring(log: LogKey, after: number): Promise<PushAnswer> {
    const entries = await this.ports.store.log.read(log, after, 100);
    return this.send(
      entries.map((entry) => encodeDoorbell({ kind: 'entry', ...entry, frame: entryFrame(entry) })),
    );
  }

  /** Tells what came to a topic or `all` after `after`, as Dispatch would: to all nodes that listen. */
  async publish(log: LogKey, after: number): Promise<void> {
    const entries = await this.ports.store.log.read(log, after, 100);
    this.tell(
      log,
      entries.map((entry) => ({ kind: 'entry', ...entry, frame: entryFrame(entry) })),
    );
    await this.ports.clock.advance(1);
  }

  /** Sends doorbells of any user to the node. */
  sendBells(bells: readonly Doorbell[]): Promise<PushAnswer> {
    return this.send(bells.map(encodeDoorbell));
  }

  /** Publishes doorbells of this log. */
  tell(log: LogKey, bells: readonly Doorbell[]): void {
    this.ports.bus.publish(subjects.log(log), joinDoorbells(bells.map(encodeDoorbell)));
  }

  /** Tells all nodes about a user. */
  async notify(notice: Notice): Promise<void> {
    this.ports.bus.publish(subjects.notices, toJsonBytes(notice));
    await this.ports.clock.advance(1);
  }

  /** Tokens allow these topics from now on. */
  allow(...topics: string[]): void {
    const { verdict } = this;
    this.verdict = (token) => ({ ...verdict(token), topics }) as TokenVerdict;
  }

  /** Sends a batch to the node. */
  async send(slices: Parameters<typeof joinDoorbells>[0]): Promise<PushAnswer> {
    const answer = await this.ports.bus.request(subjects.everyPush, joinDoorbells(slices), 500);
    return fromJsonBytes<PushAnswer>(answer);
  }
}

async function faultyPorts(): Promise<FaultyPorts> {
  const ports = await memoryPorts(7);
  return { ...ports, store: new FaultyStore(ports.store), bus: new FaultyBus(ports.bus, ports) };
}

/** Answers what Push asks Auth. */
function playAuth(bus: Bus, verdictOn: (token: string) => TokenVerdict | undefined): void {
  bus.subscribe(subjects.authVerify, (message) => {
    const verdicts = fromJsonBytes<VerifyRequest>(message.data).tokens.map(verdictOn);
    if (!verdicts.includes(undefined)) message.reply(toJsonBytes({ verdicts }));
  });
  const origins = { default: [rigOrigin], other: [foreignOrigin] };
  const policy: AuthPolicy = { origins, issuer: 'i', audience: 'a', keys: [] };
  bus.subscribe(subjects.authPolicy, (message) => message.reply(toJsonBytes(policy)));
}

/** A socket that keeps what it got. */
export class TestDevice {
  readonly frames: ServerFrame[] = [];
  readonly closed: Promise<number>;
  private wake: () => void = () => {};

  constructor(readonly socket: WebSocket) {
    socket.setMaxListeners(0);
    socket.on('message', (data: Buffer) => {
      const decoded = decodeServerFrame(data.toString());
      if (!decoded.ok) throw new Error(decoded.reason);
      this.frames.push(decoded.frame);
      this.wake();
    });
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      socket.on('close', (code) => {
        resolve(code);
        this.wake();
      });
    });
  }

  get isOpen(): boolean {
    return this.socket.readyState === WebSocket.OPEN;
  }

  /** The frame of this type and count once it has come; the fake clock stands still meanwhile. */
  async frame<T extends ServerFrame['type']>(type: T, count = 1): Promise<Extract<ServerFrame, { type: T }>> {
    for (;;) {
      const found = this.frames.filter((frame) => frame.type === type)[count - 1];
      if (found) return found as Extract<ServerFrame, { type: T }>;
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error(`closed before a ${type} frame`);
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  send(frame: ClientFrame): void {
    this.socket.send(JSON.stringify(frame));
  }

  /** Sends all in one packet. */
  sendAtOnce(...frames: readonly ClientFrame[]): void {
    const { _socket: wire } = this.socket as unknown as { _socket: Socket };
    wire.cork();
    for (const frame of frames) this.send(frame);
    wire.uncork();
  }

  /** @throws Error with the HTTP status when the upgrade is refused. */
  async open(): Promise<this> {
    if (this.isOpen) return this;
    await new Promise((resolve, reject) => {
      this.socket.once('open', resolve);
      this.socket.once('unexpected-response', (_request, { statusCode }) =>
        reject(new Error(`${statusCode}`)),
      );
    });
    return this;
  }

  async hello(hello: Partial<Extract<ClientFrame, { type: 'hello' }>> = {}) {
    await this.open();
    this.send({ type: 'hello', instance: 'i1', cursors: {}, topics: [], ...hello });
    return this.frame('welcome');
  }

  /** Everything sent before has been read by the server once this resolves. */
  roundTrip(): Promise<void> {
    if (!this.isOpen) return Promise.resolve();
    return new Promise((resolve) => {
      this.socket.once('pong', () => resolve());
      this.socket.once('close', () => resolve());
      this.socket.ping();
    });
  }

  seqs(log?: string): number[] {
    return this.frames.flatMap((frame) =>
      frame.type === 'message' && frame.log === (log ?? frame.log) ? [frame.seq] : [],
    );
  }
}
