/** What goes wrong on the way to MongoDB is an absent store; what goes wrong in our own code is not. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { PortUnavailable } from '@carillon/domain/ports';
import { mongo } from 'mongoose';
import { expect, it } from 'vitest';
import { portError } from './driver-errors.js';

it('takes an error of the driver for an absent store', () => {
  const error = new mongo.MongoNetworkError('gone');
  expect(portError(error)).toBeInstanceOf(PortUnavailable);
  expect(portError(error)).toHaveProperty('cause', error);
});

it('takes a write into an ended connection for an absent store, which the driver does not wrap', async () => {
  const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const ended = once(socket, 'end');
  socket.resume();
  await ended;
  socket.write('a command');
  const error: unknown = await once(socket, 'error').then(([first]: unknown[]) => first);
  server.close();
  expect(error).toHaveProperty('code', 'EPIPE');
  expect(portError(error)).toBeInstanceOf(PortUnavailable);
});

it('leaves faults of our own as they are', () => {
  const fault = new TypeError('undefined is not a function');
  expect(portError(fault)).toBe(fault);
  const other = Object.assign(new Error('no such file'), { code: 'ENOENT' });
  expect(portError(other)).toBe(other);
});
