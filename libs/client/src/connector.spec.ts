/** The connection: states, backoff, close codes, tokens, silence, drain, over a scripted server. */
import { closeCodes } from '@carillon/wire';
import { describe, expect, it } from 'vitest';
import type { CarillonOptions } from './carillon.js';
import { Carillon } from './carillon.js';
import type { ConnectionState } from './connector.js';
import { FakeWorld, messageAt, startAt, welcomeOf } from './testing/fake-world.js';

function setUp(options: Partial<CarillonOptions> = {}) {
  const world = new FakeWorld();
  const states: ConnectionState[] = [];
  let tokens = 0;
  const carillon = new Carillon('https://push.example', {
    token: () => {
      tokens += 1;
      return `jwt${tokens}`;
    },
    ...world.surroundings,
    ...options,
  });
  carillon.on('state', (state) => states.push(state));
  carillon.connect();
  return { world, carillon, states, tokensAsked: () => tokens };
}

const names = (states: readonly ConnectionState[]) => states.map(({ state }) => state);

describe('backoff', () => {
  it('is drawn between nothing and a ceiling that doubles from 0.5 s to 30 s', async () => {
    const { world, states } = setUp();
    world.draws = () => 0.999_999;
    for (let attempt = 0; attempt < 9; attempt += 1) {
      await world.settle();
      world.socket.end(1006);
      const { retryInMs = 0 } = states.at(-1) ?? {};
      await world.advance(retryInMs - 1);
      expect(world.sockets).toHaveLength(attempt + 1);
      await world.advance(2);
    }
    const ceilings = states.filter(({ state }) => state === 'waiting').map(({ retryInMs }) => retryInMs ?? 0);
    expect(ceilings.map(Math.round)).toEqual([500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
    world.draws = () => 0;
    world.socket.end(1006);
    expect(states.at(-1)).toEqual({ state: 'waiting', code: 1006, reason: '', retryInMs: 0 });
  });

  it('starts anew only after 30 s open', async () => {
    const { world, states } = setUp();
    const waits = () => states.filter(({ state }) => state === 'waiting').map(({ retryInMs }) => retryInMs);
    for (const openMs of [29_000, 29_000, 31_000, 0]) {
      await world.open();
      await world.advance(openMs / 2);
      world.socket.push({ type: 'ping' });
      await world.advance(openMs / 2);
      world.socket.end(1006);
      await world.advance(waits().at(-1) ?? 0);
    }
    expect(waits()).toEqual([250, 500, 250, 500]);
  });

  it('is cut short when the network is back or the tab is looked at', async () => {
    const { world, states } = setUp();
    await world.settle();
    world.socket.end(1006);
    expect(states.at(-1)?.state).toBe('waiting');
    world.wake();
    await world.settle();
    expect(world.sockets).toHaveLength(2);
    await world.advance(1_000);
    expect(world.sockets).toHaveLength(2);
    await world.open();
    world.wake();
    await world.settle();
    expect(world.sockets).toHaveLength(2);
  });

  it('is cut short when the page says connect, and not by another handler', async () => {
    const { world, states, carillon } = setUp();
    await world.open();
    world.socket.end(1006);
    carillon.on('message', () => {});
    await world.settle();
    expect([world.sockets.length, states.at(-1)?.state]).toEqual([1, 'waiting']);
    carillon.connect();
    await world.settle();
    expect(world.sockets).toHaveLength(2);
    carillon.connect();
    await world.open();
    carillon.connect();
    await world.advance(1_000);
    expect(world.sockets).toHaveLength(2);
  });
});

describe('a close code', () => {
  it.each(Object.values(closeCodes).filter((code) => code < 4100))('%d ends everything', async (code) => {
    const { world, states, carillon } = setUp();
    await world.open();
    world.socket.end(code, 'why');
    expect(states.at(-1)).toEqual({ state: 'closed', code, reason: 'why' });
    await world.advance(600_000);
    world.wake();
    expect(world.sockets).toHaveLength(1);
    expect(world.isListeningForWakes).toBe(false);
    carillon.connect();
    await world.settle();
    expect(world.socket.subprotocols).toEqual(['carillon.v1', 'bearer.jwt2']);
  });

  it.each([4100, 4101, 4102, 4103, 1006, 1001, 1011])('%d backs off', async (code) => {
    const { world, states } = setUp();
    await world.open();
    world.socket.end(code);
    expect(states.at(-1)).toMatchObject({ state: 'waiting', code, retryInMs: 250 });
    await world.advance(249);
    expect(world.sockets).toHaveLength(1);
    await world.advance(1);
    expect(world.sockets).toHaveLength(2);
  });

  it.each([4200, 4202, 4203, 4204, 4299])('%d reconnects at once', async (code) => {
    const { world, states } = setUp();
    await world.open();
    world.socket.end(code);
    await world.advance(0);
    expect(world.sockets).toHaveLength(2);
    expect(names(states)).toEqual(['connecting', 'open', 'waiting', 'connecting']);
  });

  it('of 42xx before the welcome backs off', async () => {
    const { world, states } = setUp();
    await world.settle();
    world.socket.accept();
    world.socket.end(4200);
    expect(states.at(-1)).toMatchObject({ state: 'waiting', retryInMs: 250 });
  });

  it('of 42xx time and again backs off in the end', async () => {
    const { world, states } = setUp();
    const waits = () => states.filter(({ state }) => state === 'waiting').map(({ retryInMs }) => retryInMs);
    for (let turn = 0; turn < 5; turn += 1) {
      await world.open();
      world.socket.end(4204);
      await world.advance(waits().at(-1) ?? 0);
    }
    expect(waits()).toEqual([0, 0, 0, 2000, 4000]);
  });
});

describe('the token', () => {
  it('is kept for reconnects, and asked for anew after 4201', async () => {
    const { world, tokensAsked } = setUp();
    await world.open();
    world.socket.end(4200);
    await world.advance(0);
    expect(world.socket.subprotocols[1]).toBe('bearer.jwt1');
    await world.open();
    world.socket.end(4201);
    await world.advance(0);
    expect(world.socket.subprotocols[1]).toBe('bearer.jwt2');
    expect(tokensAsked()).toBe(2);
  });

  it('that has expired already is replaced after a backoff', async () => {
    const { world, states } = setUp();
    await world.settle();
    world.socket.accept();
    world.socket.end(4201);
    expect(states.at(-1)).toMatchObject({ state: 'waiting', code: 4201, retryInMs: 250 });
    await world.advance(250);
    expect(world.socket.subprotocols[1]).toBe('bearer.jwt2');
  });

  it('is renewed on the live socket before it ends', async () => {
    const { world, tokensAsked } = setUp();
    const socket = await world.open();
    for (let minute = 0; minute < 20; minute += 1) {
      for (let ping = 0; ping < 3; ping += 1) {
        socket.push({ type: 'ping' });
        await world.advance(20_000);
      }
    }
    expect(socket.sent('token').map(({ token }) => token)).toEqual(['jwt2', 'jwt3']);
    expect(tokensAsked()).toBe(3);
    expect(world.sockets).toHaveLength(1);
  });

  it('that cannot be had is asked for again with a backoff', async () => {
    let isBroken = true;
    const token = () => (isBroken ? Promise.reject(new Error('no session')) : Promise.resolve(' jwt\n'));
    const { world, states } = setUp({ token });
    await world.settle();
    expect(states.at(-1)).toMatchObject({ state: 'waiting', code: 0, reason: 'Error: no session' });
    isBroken = false;
    await world.advance(500);
    expect(world.socket.subprotocols[1]).toBe('bearer.jwt');
  });

  it('that never comes is given up after 10 s, and its signal says so', async () => {
    const signals: AbortSignal[] = [];
    const token = ({ signal }: { signal: AbortSignal }) => {
      signals.push(signal);
      return new Promise<string>(() => {});
    };
    const { world, carillon } = setUp({ token });
    await world.advance(9_999);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    await world.advance(1_000);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    carillon.close();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
  });
});

describe('silence', () => {
  it('of 5 s before the handshake or before the welcome ends the attempt', async () => {
    const { world } = setUp();
    await world.advance(4_999);
    expect(world.socket.isLive).toBe(true);
    await world.advance(1);
    expect(world.socket.isLive).toBe(false);
    await world.advance(500);
    const second = world.socket;
    await world.advance(4_000);
    second.accept();
    await world.advance(4_999);
    expect(second.isLive).toBe(true);
    await world.advance(1);
    expect(second.closedWith).toBe(4202);
  });

  it('of more than 1.5 heartbeats ends the socket; any traffic is a sign of life', async () => {
    const { world } = setUp();
    const socket = await world.open({ user: startAt(0) }, { heartbeatMs: 10_000 });
    for (let turn = 0; turn < 5; turn += 1) {
      await world.advance(14_999);
      socket.push(turn % 2 ? { type: 'ping' } : messageAt(1));
    }
    expect(socket.sent('pong')).toHaveLength(2);
    await world.advance(14_999);
    expect(socket.isLive).toBe(true);
    await world.advance(1);
    expect(socket.closedWith).toBe(4202);
    expect(world.sockets).toHaveLength(2);
  });
});

describe('drain', () => {
  it('moves at a random moment inside, and opens the new socket before it closes the old', async () => {
    const { world, carillon, states } = setUp();
    const seen: (number | undefined)[] = [];
    carillon.on('message', ({ seq }) => seen.push(seq));
    const old = await world.open();
    world.draws = () => 0.4;
    old.push({ type: 'drain', withinMs: 20_000 });
    await world.advance(7_999);
    expect(world.sockets).toHaveLength(1);
    old.push(messageAt(1));
    await world.advance(1);
    expect(world.sockets).toHaveLength(2);
    const next = world.socket;
    next.accept();
    expect(next.hello.cursors).toEqual({ user: 1 });
    old.push(messageAt(2));
    await world.advance(100);
    expect(old.sent('ack').at(-1)).toMatchObject({ seq: 2 });
    expect(old.isLive).toBe(true);
    next.push(welcomeOf({ user: startAt(1, 2) }), messageAt(2), messageAt(3));
    expect(old.closedWith).toBe(1000);
    await world.advance(100);
    expect(seen).toEqual([1, 2, 3]);
    expect(next.sent('ack')).toEqual([{ type: 'ack', log: 'user', seq: 3 }]);
    expect(names(states)).toEqual(['connecting', 'open']);
  });

  it('keeps the old socket while the new one fails, and tries again', async () => {
    const { world, states } = setUp();
    const old = await world.open();
    old.push({ type: 'drain', withinMs: 0 });
    await world.advance(0);
    world.socket.end(1006);
    expect(old.isLive).toBe(true);
    await world.advance(500);
    expect(world.sockets).toHaveLength(3);
    old.end(4200);
    await world.advance(0);
    await world.open();
    expect(world.sockets).toHaveLength(3);
    expect(names(states)).toEqual(['connecting', 'open', 'waiting', 'open']);
    await world.advance(20_000);
    expect(world.sockets).toHaveLength(3);
  });
});

describe('the page', () => {
  it('can wait until it is ready', async () => {
    const { world, carillon } = setUp();
    const ready = carillon.ready({ timeoutMs: 1_000 });
    await world.open();
    await expect(ready).resolves.toBeUndefined();
    await expect(carillon.ready()).resolves.toBeUndefined();
  });

  it('is told with the state why it is not', async () => {
    const { world, carillon } = setUp();
    const late = carillon.ready({ timeoutMs: 1_000 }).catch((error: unknown) => error);
    await world.advance(1_000);
    expect(await late).toHaveProperty('cause', { state: 'connecting' });
    const stopped = carillon.ready().catch((error: unknown) => error);
    world.socket.end(4001, 'revoked');
    expect(await stopped).toHaveProperty('cause', { state: 'closed', code: 4001, reason: 'revoked' });
    await expect(carillon.ready()).rejects.toHaveProperty('cause.state', 'closed');
  });

  it('closes for good, and may connect again', async () => {
    const { world, carillon, states } = setUp();
    const socket = await world.open();
    carillon.close();
    carillon.close();
    await world.advance(30_000);
    expect(socket.closedWith).toBe(1000);
    expect(world.timersPending).toBe(0);
    expect(world.sockets).toHaveLength(1);
    expect(names(states)).toEqual(['connecting', 'open', 'closed']);
    carillon.connect();
    expect((await world.open()).hello.cursors).toEqual({ user: 0 });
  });

  it('closes while the token is on its way', async () => {
    let give = (_token: string) => {};
    const { world, carillon } = setUp({
      token: () =>
        new Promise<string>((resolve) => {
          give = resolve;
        }),
    });
    carillon.close();
    give('jwt');
    await world.advance(60_000);
    expect(world.sockets).toHaveLength(0);
  });
});
