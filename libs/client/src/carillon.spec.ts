/** Messages through the whole SDK: handlers, acks, gaps, iterators, over a scripted server. */
import { describe, expect, it } from 'vitest';
import type { CarillonOptions, Message } from './carillon.js';
import { Carillon } from './carillon.js';
import type { Gap } from './session-core.js';
import { FakeWorld, messageAt, startAt, welcomeOf } from './testing/fake-world.js';

function setUp(options: Partial<CarillonOptions> = {}) {
  const world = new FakeWorld();
  const carillon = new Carillon('https://push.example', {
    token: () => 'jwt',
    ...world.surroundings,
    ...options,
  });
  return { world, carillon };
}

/** A handler that finishes when told. */
function manual() {
  const running: { message: Message; resolve: () => void; reject: (error: Error) => void }[] = [];
  const handler = (message: Message) =>
    new Promise<void>((resolve, reject) => running.push({ message, resolve, reject }));
  return { running, handler };
}

describe('connecting', () => {
  it('opens no socket before the first message handler', async () => {
    const { world, carillon } = setUp();
    carillon.on('gap', () => {});
    carillon.on('state', () => {});
    await world.advance(60_000);
    expect(world.sockets).toHaveLength(0);
    carillon.on('message', () => {});
    await world.settle();
    expect(world.socket.url).toBe('wss://push.example/v1/connect');
    expect(world.socket.subprotocols).toEqual(['carillon.v1', 'bearer.jwt']);
  });

  it.each([
    ['http://localhost:8080/', 'ws://localhost:8080/v1/connect'],
    ['https://example.com/push', 'wss://example.com/push/v1/connect'],
  ])('takes %s for %s', async (base, url) => {
    const world = new FakeWorld();
    new Carillon(base, { token: () => 'jwt', ...world.surroundings }).connect();
    await world.settle();
    expect(world.socket.url).toBe(url);
  });

  it('says hello with device, instance, app and topics, and nothing it does not know', async () => {
    const { world, carillon } = setUp({ device: 'd1', app: 'shop/1' });
    carillon.on('message', () => {}, { topic: 'x' });
    await world.settle();
    world.socket.accept();
    expect(world.socket.frames).toEqual([
      { type: 'hello', device: 'd1', instance: 'i0.5', app: 'shop/1', cursors: {}, topics: ['x'] },
    ]);
  });
});

describe('handlers', () => {
  it('get every message of a log in order, one at a time', async () => {
    const { world, carillon } = setUp();
    const { running, handler } = manual();
    carillon.on('message', handler);
    const socket = await world.open();
    socket.push(messageAt(1), messageAt(2), messageAt(2), messageAt(1), messageAt(3));
    await world.settle();
    expect(running).toHaveLength(1);
    for (let turn = 0; turn < 3; turn += 1) {
      running[turn]?.resolve();
      await world.settle();
    }
    expect(running.map(({ message }) => message.seq)).toEqual([1, 2, 3]);
  });

  it('of one message must all have settled before the next begins', async () => {
    const { world, carillon } = setUp();
    const one = manual();
    const two = manual();
    carillon.on('message', one.handler);
    carillon.on('message', two.handler);
    const socket = await world.open();
    socket.push(messageAt(1), messageAt(2));
    await world.settle();
    one.running[0]?.reject(new Error('boom'));
    await world.settle();
    expect(one.running).toHaveLength(1);
    two.running[0]?.resolve();
    await world.settle();
    expect(one.running).toHaveLength(2);
  });

  it('are chosen by event and topic; what none wants is unhandled', async () => {
    const { world, carillon } = setUp();
    const seen: string[] = [];
    carillon.on('message', (m) => seen.push(`paid ${m.seq}`), { event: 'order.paid' });
    carillon.on('message', (m) => seen.push(`x ${m.seq}`), { topic: 'x' });
    const socket = await world.open({ user: startAt(0), 'topic:x': startAt(0) });
    socket.push(messageAt(1, 'user', 'order.paid'), messageAt(2, 'user', 'other'), messageAt(1, 'topic:x'));
    await world.advance(100);
    expect(seen.sort()).toEqual(['paid 1', 'x 1']);
    expect(socket.sent('ack')).toEqual([
      { type: 'ack', log: 'user', seq: 2, unhandled: [2] },
      { type: 'ack', log: 'topic:x', seq: 1 },
    ]);
  });

  it('that throw make the message failed, and the page hears of it', async () => {
    const { world, carillon } = setUp();
    carillon.on('message', ({ seq }) => {
      if (seq === 1) throw new Error('at once');
      return seq === 2 ? Promise.reject(new Error('later')) : undefined;
    });
    const socket = await world.open();
    socket.push(messageAt(1), messageAt(2), messageAt(3));
    await world.advance(100);
    expect(socket.sent('ack')).toEqual([{ type: 'ack', log: 'user', seq: 3, failed: [1, 2] }]);
    expect(world.errors).toHaveLength(2);
  });

  it('that take longer than 25 s make it failed, and the log goes on', async () => {
    const { world, carillon } = setUp();
    const { running, handler } = manual();
    carillon.on('message', handler);
    const socket = await world.open();
    socket.push(messageAt(1), messageAt(2));
    await world.advance(24_999);
    expect(running).toHaveLength(1);
    socket.push({ type: 'ping' });
    await world.advance(101);
    expect(running).toHaveLength(2);
    expect(socket.sent('ack')).toEqual([{ type: 'ack', log: 'user', seq: 1, failed: [1] }]);
    running[0]?.resolve();
    await world.advance(100);
    expect(socket.sent('ack')).toHaveLength(1);
  });

  it('get nothing any more once they are taken off, by call or by signal', async () => {
    const { world, carillon } = setUp();
    const stop = new AbortController();
    const seen: string[] = [];
    const off = carillon.on('message', () => seen.push('off'));
    carillon.on('message', () => seen.push('signal'), { signal: stop.signal });
    carillon.on('message', () => seen.push('never'), { signal: AbortSignal.abort() });
    const socket = await world.open();
    off();
    stop.abort();
    socket.push(messageAt(1));
    await world.advance(100);
    expect(seen).toEqual([]);
    expect(socket.sent('ack')).toEqual([{ type: 'ack', log: 'user', seq: 1, unhandled: [1] }]);
  });
});

describe('acks', () => {
  it('wait 100 ms for more, or go at once with the sixteenth', async () => {
    const { world, carillon } = setUp();
    carillon.on('message', () => {});
    const socket = await world.open();
    socket.push(messageAt(1));
    await world.advance(99);
    expect(socket.sent('ack')).toEqual([]);
    await world.advance(1);
    expect(socket.sent('ack')).toEqual([{ type: 'ack', log: 'user', seq: 1 }]);
    for (let seq = 2; seq <= 20; seq += 1) socket.push(messageAt(seq));
    await world.advance(0);
    for (let turn = 0; turn < 10; turn += 1) await world.settle();
    expect(socket.sent('ack').at(-1)).toEqual({ type: 'ack', log: 'user', seq: 17 });
    await world.advance(100);
    expect(socket.sent('ack').at(-1)).toEqual({ type: 'ack', log: 'user', seq: 20 });
  });

  it('that could not be sent are sent after the next welcome', async () => {
    const { world, carillon } = setUp();
    const { running, handler } = manual();
    carillon.on('message', handler);
    const socket = await world.open();
    socket.push(messageAt(1));
    await world.settle();
    socket.end(1006);
    running[0]?.reject(new Error('boom'));
    await world.advance(500);
    world.socket.accept();
    expect(world.socket.hello).toMatchObject({ user: 'u', epoch: 'e1', cursors: { user: 1 } });
    world.socket.push(welcomeOf({ user: startAt(1) }));
    expect(world.socket.sent('ack')).toEqual([{ type: 'ack', log: 'user', seq: 1, failed: [1] }]);
  });

  it('carry skips', async () => {
    const { world, carillon } = setUp();
    carillon.on('message', () => {});
    const socket = await world.open();
    socket.push({ type: 'skip', log: 'user', from: 1, to: 5, reason: 'expired' });
    await world.advance(100);
    expect(socket.sent('ack')).toEqual([{ type: 'ack', log: 'user', seq: 5 }]);
  });

  it('go out before the page closes', async () => {
    const { world, carillon } = setUp();
    carillon.on('message', () => {});
    const socket = await world.open();
    socket.push(messageAt(1));
    await world.settle();
    carillon.close();
    expect(socket.sent('ack')).toHaveLength(1);
    expect(socket.closedWith).toBe(1000);
  });
});

describe('a volatile message', () => {
  it('reaches the handlers it is meant for, and is neither counted nor acknowledged', async () => {
    const { world, carillon } = setUp();
    const seen: unknown[] = [];
    carillon.on('message', ({ id, seq }) => seen.push([id, seq]), { event: 'typing' });
    carillon.on('message', ({ id }) => seen.push(id), { event: 'other' });
    const socket = await world.open();
    const frame = { type: 'volatile', log: 'user', id: 'm1', event: 'typing', sentAt: 0 } as const;
    socket.push(frame, messageAt(1), { ...frame, id: 'm2' });
    await world.advance(200);
    expect(seen).toEqual([
      ['m1', undefined],
      ['m2', undefined],
    ]);
    expect(socket.sent('ack')).toMatchObject([{ log: 'user', seq: 1 }]);
    expect(socket.closedWith).toBeUndefined();
  });
});

describe('a gap', () => {
  it('in the seqs closes 4204 and resumes at once from what is settled', async () => {
    const { world, carillon } = setUp();
    const seen: (number | undefined)[] = [];
    carillon.on('message', ({ seq }) => seen.push(seq));
    const socket = await world.open();
    socket.push(messageAt(1), messageAt(3));
    await world.advance(0);
    expect(socket.closedWith).toBe(4204);
    const next = world.socket;
    expect(next).not.toBe(socket);
    next.accept();
    expect(next.hello.cursors).toEqual({ user: 1 });
    next.push(welcomeOf({ user: startAt(1, 3) }), messageAt(2), messageAt(3));
    await world.settle();
    expect(seen).toEqual([1, 2, 3]);
  });

  it('that the server reports is told, but not on a first connect', async () => {
    const { world, carillon } = setUp();
    const gaps: Gap[] = [];
    carillon.on('gap', (gap) => gaps.push(gap));
    carillon.on('message', () => {});
    await world.open({ user: startAt(3, 3, false) });
    expect(gaps).toEqual([]);
    world.socket.end(4200);
    await world.advance(0);
    await world.open({ user: startAt(9, 12, false) });
    expect(gaps).toEqual([{ log: 'user', cursor: 3, from: 9, head: 12 }]);
  });
});

describe('a topic', () => {
  it('is subscribed on a live socket, once, and left with its last listener', async () => {
    const { world, carillon } = setUp();
    carillon.on('message', () => {});
    const socket = await world.open();
    const seen: (number | undefined)[] = [];
    const one = carillon.on('message', ({ seq }) => seen.push(seq), { topic: 'x' });
    const two = carillon.on('message', () => {}, { topic: 'x' });
    expect(socket.sent('subscribe')).toEqual([{ type: 'subscribe', topic: 'x' }]);
    socket.push({ type: 'subscribed', log: 'topic:x', ...startAt(7) }, messageAt(8, 'topic:x'));
    await world.settle();
    expect(seen).toEqual([8]);
    one();
    expect(socket.sent('unsubscribe')).toEqual([]);
    two();
    two();
    expect(socket.frames.slice(-2)).toEqual([
      { type: 'ack', log: 'topic:x', seq: 8 },
      { type: 'unsubscribe', topic: 'x' },
    ]);
  });

  it('that the welcome does not name is subscribed from its cursor', async () => {
    const { world, carillon } = setUp();
    carillon.on('message', () => {}, { topic: 'x' });
    await world.open({ user: startAt(0), 'topic:x': startAt(4) });
    expect(world.socket.sent('subscribe')).toEqual([]);
    world.socket.end(4200);
    await world.advance(0);
    const socket = await world.open();
    expect(socket.sent('subscribe')).toEqual([{ type: 'subscribe', topic: 'x', cursor: 4 }]);
  });
});

describe('messages()', () => {
  it('gives messages one by one and settles each when the next is asked for', async () => {
    const { world, carillon } = setUp();
    const iterator = carillon.messages({ topic: 'x' });
    const first = iterator.next();
    const socket = await world.open({ 'topic:x': startAt(0) });
    socket.push(messageAt(1, 'topic:x'), messageAt(2, 'topic:x'));
    expect((await first).value).toMatchObject({ seq: 1 });
    await world.advance(1_000);
    expect(socket.sent('ack')).toEqual([]);
    expect((await iterator.next()).value).toMatchObject({ seq: 2 });
    await world.advance(1_000);
    expect(socket.sent('ack')).toEqual([{ type: 'ack', log: 'topic:x', seq: 1 }]);
    await iterator.return();
    await world.advance(1_000);
    expect(socket.sent('ack').at(-1)).toEqual({ type: 'ack', log: 'topic:x', seq: 2 });
    expect(socket.sent('unsubscribe')).toHaveLength(1);
  });

  it('ends when its signal aborts, while it waits and while the page is busy', async () => {
    const { world, carillon } = setUp();
    const stop = new AbortController();
    const waiting = carillon.messages({ signal: stop.signal });
    const busy = carillon.messages({ signal: stop.signal, event: 'e' });
    const pending = waiting.next();
    const shown = busy.next();
    const socket = await world.open();
    socket.push({ ...messageAt(1), event: 'e' });
    expect((await shown).value).toMatchObject({ seq: 1 });
    await pending;
    const last = waiting.next();
    stop.abort();
    expect(await last).toEqual({ done: true, value: undefined });
    expect(await busy.next()).toEqual({ done: true, value: undefined });
    expect(await carillon.messages({ signal: stop.signal }).next()).toMatchObject({ done: true });
  });

  it('leaves what it has not shown unhandled when it is left', async () => {
    const { world, carillon } = setUp();
    const iterator = carillon.messages();
    const first = iterator.next();
    const socket = await world.open({ user: startAt(0), all: startAt(0) });
    socket.push(messageAt(1), messageAt(1, 'all'));
    await first;
    await iterator.return();
    await world.advance(100);
    expect(socket.sent('ack')).toContainEqual({ type: 'ack', log: 'user', seq: 1 });
    expect(socket.sent('ack')).toContainEqual({ type: 'ack', log: 'all', seq: 1, unhandled: [1] });
  });
});

describe('reads, errors and listeners', () => {
  it('pass reads on, together, also after a reconnect, and tell of those of other devices', async () => {
    const { world, carillon } = setUp();
    const reads: (readonly string[])[] = [];
    carillon.on('read', (ids) => reads.push(ids));
    carillon.connect();
    const socket = await world.open();
    carillon.read('m1');
    carillon.read('m2');
    await world.advance(100);
    expect(socket.sent('read')).toEqual([{ type: 'read', ids: ['m1', 'm2'] }]);
    socket.push({ type: 'read', ids: ['m3'] });
    expect(reads).toEqual([['m3']]);
    socket.end(4200);
    carillon.read('m4');
    await world.advance(200);
    expect((await world.open()).sent('read')).toEqual([{ type: 'read', ids: ['m4'] }]);
  });

  it('survive a listener that throws, and garbage from the server', async () => {
    const { world, carillon } = setUp();
    const codes: string[] = [];
    carillon.on('error', () => {
      throw new Error('boom');
    });
    carillon.on('error', ({ code }) => codes.push(code));
    carillon.connect();
    const socket = await world.open();
    for (const text of ['', '{', 'null', '7', '[]', '{"type":7}', '{"type":"later"}', undefined])
      socket.pushText(text);
    socket.push({ type: 'error', code: 'internal', title: '', retryable: true });
    await world.settle();
    expect(codes).toEqual(['internal']);
    expect(world.errors).toHaveLength(1);
    expect(socket.closedWith).toBeUndefined();
  });
});
