/** The contract, and the faults of a real NATS: killed, restarted, frozen, absent at the start. */
import { randomBytes } from 'node:crypto';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { busContract } from '@carillon/domain/contracts';
import { type Bus, NoResponder, PortUnavailable, TimedOut } from '@carillon/domain/ports';
import { SeededRandom } from '@carillon/testkit';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { startNats } from '../../../../tools/services/nats.ts';
import { NatsBus } from './nats-bus.js';
import { PayloadTooLarge } from './payload-too-large.js';

const seed = randomBytes(4).readUInt32LE();
const random = new SeededRandom(seed);
const reported: Error[] = [];
const open = (url: string): Promise<Bus> =>
  NatsBus.open({
    url,
    name: 'spec',
    inboxPrefix: '_INBOX_spec',
    random,
    report: (error) => reported.push(error),
  });
const passTime = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const bytes = (words: string) => new TextEncoder().encode(words);
const text = (data: Uint8Array) => new TextDecoder().decode(data);
const isBack = (bus: Bus) => vi.waitFor(() => bus.ping(), { timeout: 10_000, interval: 10 });

describe(`NatsBus (seed ${seed})`, () => {
  busContract('NatsBus', { open: () => open(inject('natsUrl')), passTime });
});

describe('NatsBus on a server of its own', { timeout: 30_000 }, () => {
  let server: Awaited<ReturnType<typeof startNats>>;
  let here: Bus;
  let there: Bus;
  beforeAll(async () => {
    server = await startNats();
    here = await open(server.url);
    there = await open(server.url);
  });
  afterAll(async () => {
    await here.close();
    await there.close();
    await server.stop();
  });

  const opened: Bus[] = [];
  busContract('NatsBus that is cut off', {
    open: async () => {
      opened.push(await open(server.url));
      return opened.at(-1)!;
    },
    passTime,
    interrupt: async (bus) => {
      await server.restart();
      // The suite's own two are the first that it opens.
      await Promise.all([bus, ...opened.slice(0, 2), here, there].map(isBack));
    },
  });

  const failure = async (work: Promise<unknown>) => {
    const start = performance.now();
    await expect(work).rejects.toBeInstanceOf(PortUnavailable);
    return performance.now() - start;
  };
  const echo = async (subject: string, group?: string) => {
    there.subscribe(subject, (message) => message.reply(message.data), group);
    await there.ping();
  };

  it('has its subscriptions, groups and answers again after the server was killed', async () => {
    await echo('a.echo', 'group');
    const heard: string[] = [];
    there.subscribe('a.heard', (message) => heard.push(text(message.data)));
    await there.ping();
    await server.kill();
    await vi.waitFor(() => failure(here.request('a.echo', bytes('x'), 5_000)));
    here.publish('a.heard', bytes('meanwhile'));
    await server.restart();
    await Promise.all([isBack(here), isBack(there)]);
    expect(text(await here.request('a.echo', bytes('x'), 5_000))).toBe('x');
    here.publish('a.heard', bytes('later'));
    await vi.waitFor(() => expect(heard).toContain('later'));
    expect(heard).not.toContain('meanwhile');
  });

  it('tells of a reconnect only when the server knows the subscriptions again', async () => {
    const wire = await slowWire(server.port, 'SUB slow.subject', 300);
    const far = await open(`nats://127.0.0.1:${wire.port}`);
    far.subscribe('slow.subject', (message) => message.reply(message.data));
    await far.ping();
    const answers: Promise<Uint8Array>[] = [];
    far.onReconnect(() => answers.push(here.request('slow.subject', bytes('heard'), 5_000)));
    wire.cut();
    await vi.waitFor(() => expect(answers).toHaveLength(1), { timeout: 10_000 });
    expect(text(await answers[0]!)).toBe('heard');
    await far.close();
    wire.close();
  });

  it('fails open and new requests at once when the server dies, not after their time', async () => {
    there.subscribe('b.mute', () => {});
    await there.ping();
    const waiting = failure(here.request('b.mute', bytes('x'), 20_000));
    await here.ping();
    await server.kill();
    expect(await waiting).toBeLessThan(2_000);
    expect(await failure(here.request('b.mute', bytes('x'), 20_000))).toBeLessThan(50);
    expect(await failure(here.ping())).toBeLessThan(50);
    await server.restart();
    await Promise.all([isBack(here), isBack(there)]);
    await expect(here.request('b.mute', bytes('x'), 50)).rejects.toBeInstanceOf(TimedOut);
    await expect(here.request('b.nobody', bytes('x'), 20_000)).rejects.toBeInstanceOf(NoResponder);
  });

  it('subscribes what was subscribed while the server was dead, not what was unsubscribed', async () => {
    await server.kill();
    await vi.waitFor(() => failure(there.ping()));
    const heard: string[] = [];
    const gone = there.subscribe('c', () => heard.push('gone'));
    there.subscribe('c', () => heard.push('kept'));
    gone.unsubscribe();
    await server.restart();
    await Promise.all([isBack(here), isBack(there)]);
    here.publish('c', bytes('x'));
    await vi.waitFor(() => expect(heard).toEqual(['kept']));
  });

  it('opens without a server, and says when it is there, for until then everything was missed', async () => {
    await server.kill();
    const early = await open(server.url);
    let reconnects = 0;
    early.onReconnect(() => {
      reconnects += 1;
    });
    const heard: string[] = [];
    early.subscribe('d', (message) => heard.push(text(message.data)));
    early.publish('d', bytes('lost'));
    expect(await failure(early.request('d', bytes('x'), 5_000))).toBeLessThan(50);
    await server.restart();
    await Promise.all([isBack(early), isBack(here), isBack(there)]);
    await vi.waitFor(() => expect(reconnects).toBe(1));
    here.publish('d', bytes('heard'));
    await vi.waitFor(() => expect(heard).toEqual(['heard']));
    await early.close();
  });

  it('can be closed while the server is away', async () => {
    await server.kill();
    const early = await open(server.url);
    await early.close();
    await failure(early.ping());
    await server.restart();
    await Promise.all([isBack(here), isBack(there)]);
  });

  it('takes a frozen server for dead, drops what it does not take, and comes back', async () => {
    await echo('e.echo');
    server.pause();
    const before = process.memoryUsage();
    const block = new Uint8Array(1_000_000);
    for (let n = 0; n < 300; n++) here.publish('e.echo', block);
    const { arrayBuffers, external } = process.memoryUsage();
    expect(arrayBuffers - before.arrayBuffers).toBeLessThan(100_000_000);
    expect(external - before.external).toBeLessThan(200_000_000);
    await failure(here.request('e.echo', block, 20_000));
    await vi.waitFor(async () => expect(await failure(there.ping())).toBeLessThan(50), { timeout: 15_000 });
    server.resume();
    await Promise.all([isBack(here), isBack(there)]);
    expect(text(await here.request('e.echo', bytes('x'), 5_000))).toBe('x');
  });

  it('carries any amount, a little at a time, when the server takes it', async () => {
    there.subscribe('f', (message) => message.reply(bytes(String(message.data.length))));
    await there.ping();
    const block = new Uint8Array(1_000_000);
    for (let n = 0; n < 100; n++) expect(text(await here.request('f', block, 5_000))).toBe('1000000');
  });

  it('refuses more than 1 MiB with a clear error, and goes on', async () => {
    await echo('g.echo');
    reported.length = 0;
    const tooLarge = new Uint8Array(1_048_577);
    const refusal = here.request('g.echo', tooLarge, 5_000);
    await expect(refusal).rejects.toBeInstanceOf(PayloadTooLarge);
    await expect(refusal).rejects.toThrow('1048577 bytes on g.echo: the bus carries at most 1048576');
    here.publish('g.echo', tooLarge);
    expect(reported).toEqual([expect.any(PayloadTooLarge)]);
    expect((await here.request('g.echo', tooLarge.subarray(1), 5_000)).length).toBe(1_048_576);
  });

  it('reports a subscriber that throws, and tells it of the next message', async () => {
    reported.length = 0;
    const heard: string[] = [];
    there.subscribe('h', (message) => {
      heard.push(text(message.data));
      throw new Error('by mistake');
    });
    await there.ping();
    for (const words of ['one', 'two']) here.publish('h', bytes(words));
    await vi.waitFor(() => expect(heard).toEqual(['one', 'two']));
    expect(reported.map(({ message }) => message)).toEqual(['by mistake', 'by mistake']);
  });
});

/** A way to the server on which everything waits from a certain word on. */
async function slowWire(serverPort: number, word: string, ms: number) {
  const sockets = new Set<Socket>();
  const wire = createServer((near) => {
    const far = connect(serverPort, '127.0.0.1');
    let waitMs = 0;
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => {}); // Cut by this test.
    }
    far.pipe(near);
    near.on('data', (data) => {
      if (data.includes(word)) waitMs = ms;
      setTimeout(() => far.write(data), waitMs);
    });
  });
  await new Promise<void>((resolve) => wire.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (wire.address() as AddressInfo).port,
    cut,
    close() {
      cut();
      wire.close();
    },
  };
}
