/** What a configuration may say of the address. */
import { describe, expect, it } from 'vitest';
import { serverAddress } from './server-address.js';

describe('serverAddress', () => {
  it.each([
    ['nats://127.0.0.1:4222', { servers: ['127.0.0.1:4222'] }],
    ['nats://a:4222,nats://b:4223', { servers: ['a:4222', 'b:4223'] }],
    ['nats://ann:s%40crt@a:4222', { servers: ['a:4222'], user: 'ann', pass: 's@crt' }],
    ['nats://t0ken@a', { servers: ['a'], token: 't0ken' }],
    ['tls://a:4222', { servers: ['a:4222'], tls: {} }],
    ['nats://[::1]:4222', { servers: ['[::1]:4222'] }],
  ])('reads %s', (url, address) => {
    expect(serverAddress(url)).toEqual(address);
  });

  it('refuses what is no URL', () => {
    expect(() => serverAddress('not an address')).toThrow(TypeError);
  });
});
