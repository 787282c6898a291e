/**
 * From which address a client comes. X-Forwarded-For is believed only as far as proxies that are trusted have
 * written it: anybody can send one.
 */
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** Longer chains than this are somebody's invention. */
const hopsMax = 16;

/** Tells clients apart; made once for a list of addresses and networks. */
export class ClientAddresses {
  private readonly trusted = new BlockList();

  constructor(trustedProxies: readonly string[]) {
    for (const proxy of trustedProxies) {
      const [address = '', prefix] = proxy.split('/');
      const family = familyOf(address);
      if (!family) continue;
      this.trusted.addSubnet(
        address,
        prefix === undefined ? (family === 'ipv4' ? 32 : 128) : Number(prefix),
        family,
      );
    }
  }

  /** The address nearest to us that no trusted proxy has; the socket's own where none forwards. */
  of(request: IncomingMessage): string {
    let address = plain(request.socket.remoteAddress ?? '');
    const forwarded = [request.headers['x-forwarded-for'] ?? []].flat().join(',').split(',').slice(-hopsMax);
    while (this.isTrusted(address)) {
      const next = plain(forwarded.pop()?.trim() ?? '');
      if (!familyOf(next)) break;
      address = next;
    }
    return address;
  }

  private isTrusted(address: string): boolean {
    const family = familyOf(address);
    return family !== undefined && this.trusted.check(address, family);
  }
}

/** An IPv4 address in the clothes of an IPv6 one is an IPv4 address. */
function plain(address: string): string {
  const mapped = address.toLowerCase().startsWith('::ffff:') ? address.slice(7) : '';
  return isIP(mapped) === 4 ? mapped : address;
}

function familyOf(address: string): 'ipv4' | 'ipv6' | undefined {
  const version = isIP(address);
  if (version === 0) return undefined;
  return version === 4 ? 'ipv4' : 'ipv6';
}
