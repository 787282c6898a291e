// One socket and what may go wrong on it, over a real pair.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { Connection } from './connection.js';

let server: WebSocketServer;
let peer: WebSocket;
let connection: Connection;

beforeEach(async () => {
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  peer = new WebSocket(`ws://127.0.0.1:${port}`);
  const [[socket]] = (await Promise.all([once(server, 'connection'), once(peer, 'open')])) as [
    [WebSocket],
    unknown,
  ];
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
