// The cable does to connections what a row of the fault matrix asks of it.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Cable } from './cable.ts';

/** Long enough for bytes on the loopback that travel at all. */
const arrivalMs = 150;
let echo: Server;
let cable: Cable;
let client: Socket;
let heard = '';
const atServer = new Set<Socket>();

beforeEach(async () => {
  echo = createServer((socket) => {
    atServer.add(socket);
    socket.on('close', () => atServer.delete(socket));
    socket.on('data', (data) => socket.write(data));
    socket.on('error', () => {});
  });
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  cable = await Cable.to((echo.address() as AddressInfo).port);
  heard = '';
  client = await dial();
});

afterEach(async () => {
  client.destroy();
  await cable.close();
  echo.close();
});

it('carries both ways', async () => {
  client.write('a');
  await expect.poll(() => heard).toBe('a');
});

it.each([['up'], ['down']] as const)(
  'carries nothing %s while frozen, and all of it when mended',
  async (way) => {
    client.write('a');
    await expect.poll(() => heard).toBe('a');
    cable.freeze(way);
    client.write('b');
    await sleep(arrivalMs);
    expect(heard).toBe('a');
    cable.mend();
    await expect.poll(() => heard).toBe('ab');
  },
);

it('hides the end of a client from the server while frozen', async () => {
  client.write('a');
  await expect.poll(() => heard).toBe('a');
  cable.freeze('up', 'down');
  client.destroy();
  await sleep(arrivalMs);
  expect(atServer.size).toBe(1);
  expect(cable.openAtServer).toBe(1);
  cable.mend();
  await expect.poll(() => atServer.size).toBe(0);
});

it('lets a client vanish: the server keeps its side, and new clients are carried', async () => {
  const closed = once(client, 'close');
  cable.vanish();
  await closed;
  client = await dial();
  client.write('d');
  await expect.poll(() => heard).toBe('d');
  expect(cable.openAtServer).toBe(2);
  for (const socket of atServer) socket.destroy();
  await expect.poll(() => cable.openAtServer).toBe(0);
});

it('ends all connections when cut, and takes new ones when mended', async () => {
  const closed = once(client, 'close');
  cable.cut();
  await closed;
  cable.mend();
  client = await dial();
  client.write('c');
  await expect.poll(() => heard).toBe('c');
});

it('takes its time when it is told to', async () => {
  cable.delayMs = arrivalMs;
  client.write('a');
  await sleep(arrivalMs);
  expect(heard).toBe('');
  await expect.poll(() => heard).toBe('a');
});

async function dial(): Promise<Socket> {
  const socket = connect({ port: cable.port, host: '127.0.0.1' });
  socket.on('error', () => {});
  socket.on('data', (data: Buffer) => {
    heard += data.toString();
  });
  await once(socket, 'connect');
  return socket;
}
