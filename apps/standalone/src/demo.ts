/** The demo of `npm start`: its page at `/` and, on this machine only, the key that the page works with. */
import type { ServiceContext } from '@carillon/platform';
import type { HttpInstance } from '@carillon/wiring';
import { serveAccess } from './demo-access.js';
import { demoKey } from './demo-key.js';
import { servePage } from './demo-page.js';

const built = new URL('../../../examples/demo/dist/', import.meta.url);

/** Adds the routes. The key is made only where nobody but this machine can ask for it. */
export async function serveDemo(context: ServiceContext, fastify: HttpInstance): Promise<void> {
  await servePage(fastify, built);
  if (isLoopback(context.config.http.host)) serveAccess(fastify, await demoKey(context));
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
