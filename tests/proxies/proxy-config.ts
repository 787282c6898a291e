// deploy/proxies/haproxy.cfg with other addresses. Must never change anything else of it unless a spec says
// what.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where a service listens on the loopback, and where it says that it is ready. */
export interface Address {
  readonly port: number;
  readonly internalPort: number;
}

export interface Services {
  readonly push: readonly Address[];
  readonly auth: Address;
  readonly collect: Address;
}

/** The file as it is. */
export const proxyConfig = readFileSync(
  join(import.meta.dirname, '../../deploy/proxies/haproxy.cfg'),
  'utf8',
);

const serverLine = /^ {2}server (\w+)(?:-\d+)? \S+:\d+( cookie \w)?$/gm;

/**
 * Push nodes that the file does not have get a letter of their own.
 * @throws Error when the file has no server for a service, or no port to listen on
 */
export function placed(text: string, port: number, services: Services): string {
  const servers = [...text.matchAll(serverLine)];
  const kinds = new Set(servers.map(([, kind]) => kind));
  if (kinds.size !== Object.keys(services).length || !text.includes('bind :8080'))
    throw new Error('haproxy.cfg has not the servers that these specs know');
  const cookies = servers.flatMap(([, kind, cookie]) => (kind === 'push' ? [cookie ?? ''] : []));
  const pushLines = services.push.map((node, at) => {
    const extra = ` cookie ${String.fromCharCode('a'.charCodeAt(0) + at)}`;
    return `${serverFor(`push-${at + 1}`, node)}${cookies[at] ?? extra}`;
  });
  const lines = { push: pushLines.join('\n'), auth: '', collect: '' };
  for (const kind of ['auth', 'collect'] as const) lines[kind] = serverFor(kind, services[kind]);
  const written = new Set<string>();
  const moved = text.replaceAll(serverLine, (_line, kind: keyof Services) => {
    if (written.has(kind)) return '';
    written.add(kind);
    return lines[kind];
  });
  return moved.replace('bind :8080', `bind 127.0.0.1:${port}`);
}

/** Every time-out that it names, in seconds. */
export function timeouts(text: string): Readonly<Record<string, number>> {
  const found = [...text.matchAll(/^ {2}timeout ([\w-]+) (\d+)s$/gm)];
  return Object.fromEntries(found.map(([, name, seconds]) => [name, Number(seconds)]));
}

/** All time-outs divided by this. */
export function hurried(text: string, factor: number): string {
  return text.replaceAll(/^( {2}timeout [\w-]+) (\d+)s$/gm, (_line, name: string, seconds: string) => {
    return `${name} ${Math.round((Number(seconds) * 1_000) / factor)}ms`;
  });
}

function serverFor(name: string, { port, internalPort }: Address): string {
  return `  server ${name} 127.0.0.1:${port} port ${internalPort}`;
}
