// One socket and what may go wrong on it, over a real pair.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { Connection } from './connection.js';
import { type Framed, framed, joined } from './framed.js';

let server: WebSocketServer;
let peer: WebSocket;
let serverSocket: WebSocket;
let connection: Connection;

interface Handle {
  writeBuffer(...order: unknown[]): number;
  writev(...order: unknown[]): number;
}

/** Below the TCP socket that ws keeps to itself. */
function wireOf(socket: WebSocket): { _handle: Handle } {
  return (socket as unknown as { _socket: { _handle: Handle } })._socket;
}

beforeEach(async () => {
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  peer = new WebSocket(`ws://127.0.0.1:${port}`);
  const [[socket]] = (await Promise.all([once(server, 'connection'), once(peer, 'open')])) as [
    [WebSocket],
    unknown,
  ];
  serverSocket = socket;
  connection = new Connection(socket, 'c_1');
});

afterEach(() => {
  peer.terminate();
  server.close();
});

describe('a connection', () => {
  it('closes with as much of the reason as fits, in whatever script it is written', async () => {
    connection.close(4000, '本'.repeat(100));
    const [code, reason] = (await once(peer, 'close')) as [number, Buffer];
    expect(code).toBe(4000);
    expect(reason.toString()).toBe('本'.repeat(41));
  });

  it('writes what a caller changes afterwards as it was, when it had to wait', async () => {
    const got: string[] = [];
    peer.on('message', (data: Buffer) => got.push(data.toString()));
    const batch = new TextEncoder().encode('onetwo');
    connection.send(batch.subarray(0, 3)); // the batch is corked until the end of this turn
    connection.send(batch.subarray(3));
    batch.fill(120, 3);
    while (got.length < 2) await once(peer, 'message');
    expect(got).toEqual(['one', 'two']);
  });

  it('writes what is alone at once, and in order with what waits for the end of the turn', async () => {
    const got: string[] = [];
    peer.on('message', (data: Buffer) => got.push(data.toString()));
    connection.writeAlone(joined([framed('a'), framed('b')]));
    connection.send('c');
    connection.writeAlone(framed('d'));
    connection.write(framed('e'));
    while (got.length < 5) await once(peer, 'message');
    expect(got).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('makes one system call of what is written in a turn', async () => {
    const writes: number[] = [];
    const { _handle: handle } = wireOf(serverSocket);
    for (const name of ['writeBuffer', 'writev'] as const) {
      const write = handle[name].bind(handle);
      handle[name] = (...order) => {
        writes.push(1);
        return write(...order);
      };
    }
    for (const text of ['a', 'b', 'c']) connection.send(text);
    expect(writes).toHaveLength(0);
    await once(peer, 'message');
    expect(writes).toHaveLength(1);
  });

  it('writes nothing once it closes', async () => {
    const got: string[] = [];
    peer.on('message', (data: Buffer) => got.push(data.toString()));
    connection.close(4000, 'over');
    connection.write(framed('a'));
    connection.writeAlone(framed('b'));
    await once(peer, 'close');
    expect(got).toEqual([]);
  });

  it('drops what comes in after its close, and keeps to its first verdict', async () => {
    const got: string[] = [];
    const nothing = () => {};
    connection.listen({
      onText: (text) => {
        got.push(text);
        connection.close(4000, 'first');
        connection.close(4103, 'second');
      },
      ...{ onBinary: nothing, onControl: () => got.push('ping'), onDrain: nothing, onClose: nothing },
    });
    connection.resume();
    for (const text of ['a', 'b', 'c']) peer.send(text);
    peer.ping();
    const [code] = (await once(peer, 'close')) as [number];
    expect([code, got]).toEqual([4000, ['a']]);
  });

  it('tells nothing of what it has read until it is resumed', async () => {
    const got: string[] = [];
    const nothing = () => {};
    connection.listen({
      onText: (text) => {
        got.push(text);
        connection.pause();
      },
      ...{ onBinary: nothing, onControl: nothing, onDrain: nothing, onClose: nothing },
    });
    for (const text of ['a', 'b', 'c']) peer.send(text);
    connection.resume();
    while (got.length < 1) await new Promise((resolve) => setImmediate(resolve));
    expect(got).toEqual(['a']);
    connection.resume();
    while (got.length < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(got).toEqual(['a', 'b']);
  });
});

describe('a connection with an extension', () => {
  it('leaves the framing to ws, and sends several frames as several messages', async () => {
    const packed = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: { threshold: 0 } });
    await once(packed, 'listening');
    const client = new WebSocket(`ws://127.0.0.1:${(packed.address() as AddressInfo).port}`);
    const [[socket]] = (await Promise.all([once(packed, 'connection'), once(client, 'open')])) as [
      [WebSocket],
      unknown,
    ];
    expect(socket.extensions).toContain('permessage-deflate');
    const got: string[] = [];
    client.on('message', (data: Buffer) => got.push(data.toString()));
    const plain = new Connection(socket, 'c_2');
    plain.writeAlone(joined([framed('a'), framed('本'.repeat(100))] as Framed[]));
    plain.send('c');
    while (got.length < 3) await once(client, 'message');
    expect(got).toEqual(['a', '本'.repeat(100), 'c']);
    client.terminate();
    packed.close();
  });
});
