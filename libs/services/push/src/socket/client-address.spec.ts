// Whose socket it is, and whom one believes about that.
import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { ClientAddresses } from './client-address.js';

function request(remoteAddress: string, forwarded?: string): IncomingMessage {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
  return { socket: { remoteAddress }, headers } as unknown as IncomingMessage;
}

const addresses = new ClientAddresses(['10.0.0.0/8', '192.0.2.7', 'fd00::/8']);

describe('the address of a client', () => {
  it.each([
    ['is that of its socket', '203.0.113.9', undefined, '203.0.113.9'],
    ['is not what an untrusted peer says', '203.0.113.9', '198.51.100.1', '203.0.113.9'],
    ['is what a trusted proxy says', '10.1.2.3', '198.51.100.1', '198.51.100.1'],
    [
      'is the last one that no trusted proxy has',
      '10.1.2.3',
      '1.1.1.1, 198.51.100.1, 192.0.2.7',
      '198.51.100.1',
    ],
    ['is the proxy itself when it forwards for nobody', '10.1.2.3', undefined, '10.1.2.3'],
    ['is the nearest that makes sense', '10.1.2.3', '198.51.100.1, nonsense, 192.0.2.7', '192.0.2.7'],
    ['is the same in the clothes of IPv6', '::ffff:10.1.2.3', '::FFFF:198.51.100.1', '198.51.100.1'],
    ['may be of IPv6', 'fd00::1', '2001:db8::5', '2001:db8::5'],
  ])('%s', (...[, remote, forwarded, expected]) => {
    expect(addresses.of(request(remote, forwarded))).toBe(expected);
  });
});
