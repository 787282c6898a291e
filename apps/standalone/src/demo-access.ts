/**
 * `GET /demo/access`: hands the demo's key to the demo's page. Must never answer another page or another
 * machine, nor a name that merely resolves to this one.
 */
import { Problem } from '@carillon/platform';
import type { HttpInstance } from '@carillon/wiring';

interface Asked {
  readonly host: string | undefined;
  /** What a browser says of who asks (Fetch Metadata); absent outside of browsers. */
  readonly site: string | string[] | undefined;
  readonly port: number;
}

/** Adds the route. To be called only where the listener is bound to loopback. */
export function serveAccess(fastify: HttpInstance, key: string): void {
  fastify.get('/demo/access', (request, reply) => {
    const { host, 'sec-fetch-site': site } = request.headers;
    if (!isOwnPage({ host, site, port: request.socket.localPort ?? 0 })) {
      throw new Problem('origin_forbidden', 'Only the demo page itself is given this key.');
    }
    return reply.header('cache-control', 'no-store').send({ key });
  });
}

/** True for our own page, and for a person who types the address; a rebound name has another Host. */
export function isOwnPage({ host, site, port }: Asked): boolean {
  const names = ['localhost', '127.0.0.1', '[::1]'];
  const hosts = names.flatMap((name) => (port === 80 ? [name, `${name}:80`] : [`${name}:${port}`]));
  const isSameSite = site === undefined || site === 'same-origin' || site === 'none';
  return host !== undefined && hosts.includes(host) && isSameSite;
}
