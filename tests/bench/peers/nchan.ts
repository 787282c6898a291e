// nchan, the nginx module that publishes to WebSockets: from PATH's nginx where the module is installed,
// else Debian's packages unpacked beside our other tools. Must never install anything into the system.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { searchPath } from '../../../tools/services/binary.ts';
import { isAnswering } from '../../../tools/services/port.ts';
import { startServer } from '../../../tools/services/server.ts';
import { type Pins, pin } from '../pins.ts';
import { childrenOf } from '../process-figures.ts';
import type { Peer } from './peer.ts';

const packages = ['nginx', 'libnginx-mod-nchan'];
const folder = join(import.meta.dirname, '../../../.tools/bench/nchan');
const modulePath = 'usr/lib/nginx/modules/ngx_nchan_module.so';
const folderOfPackage = '/var/lib/nginx';
const workersMs = 5_000;

interface Installed {
  readonly nginx: string;
  readonly module: string;
  readonly version: string;
}

export interface NchanOptions {
  /** Messages that a channel remembers. */
  readonly buffer: number;
  /** Where a new subscriber begins. */
  readonly first: 'newest' | 'oldest';
  /** What all subscribe to; the user's own channel unless given. */
  readonly channel?: string;
}

/** @throws Error whose message is the reason why it cannot be had */
export async function startNchan(
  pins: Pins,
  { buffer, first, channel = '{user}' }: NchanOptions,
): Promise<Peer> {
  const { nginx, module } = findNchan();
  const [command = '', ...before] = withItsFolder(nginx);
  const server = await startServer({
    name: 'nginx',
    binary: command,
    args: (port, data) => {
      const file = join(data, 'nginx.conf');
      writeFileSync(file, configuration({ port, data, module, buffer, first }));
      return [...before, '-p', data, '-c', file, '-e', join(data, 'error.log')];
    },
    isReady: (port) => isAnswering({ port }),
  });
  const all = () => [server.pid, ...childrenOf(server.pid)];
  const until = Date.now() + workersMs;
  while (all().length < 2 && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
  pin(pins, 'server', all());
  return {
    postUrl: `http://127.0.0.1:${server.port}`,
    socketUrls: [`ws://127.0.0.1:${server.port}/sub?id=${channel}`],
    mode: 'raw',
    processes: () => new Map([['nginx', all()]]),
    stop: () => server.stop(),
  };
}

/** Runnable, or the reason why not. */
function findNchan(): Installed {
  const system = { nginx: searchPath('nginx') ?? '/usr/sbin/nginx', module: `/${modulePath}` };
  const own = { nginx: join(folder, 'usr/sbin/nginx'), module: join(folder, modulePath) };
  if (existsSync(system.nginx) && existsSync(system.module)) return proven(system);
  if (!existsSync(own.nginx) || !existsSync(own.module)) unpack();
  return proven(own);
}

function proven(found: Omit<Installed, 'version'>): Installed {
  const said = spawnSync(found.nginx, ['-v'], { encoding: 'utf8' });
  if (said.status !== 0) throw new Error(`nginx does not run: ${said.stderr ?? said.error?.message}`);
  return { ...found, version: /[\d.]+/.exec(said.stderr)?.[0] ?? '' };
}

function unpack(): void {
  mkdirSync(folder, { recursive: true });
  const got = spawnSync('apt-get', ['download', ...packages], { cwd: folder, encoding: 'utf8' });
  if (got.status !== 0)
    throw new Error(`${packages.join(' and ')} cannot be had (${got.error?.message ?? got.stderr.trim()})`);
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.deb'))) {
    const done = spawnSync('dpkg-deb', ['-x', file, '.'], { cwd: folder, encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`${file} cannot be unpacked: ${done.stderr}`);
  }
}

/**
 * Debian's nginx insists on a folder of its own in /var/lib, whatever the configuration says. Where its
 * package is not installed it gets one in a file system that only it can see.
 */
function withItsFolder(nginx: string): readonly string[] {
  if (existsSync(folderOfPackage)) return [nginx];
  const asRoot = process.getuid?.() === 0 ? [] : ['--map-root-user'];
  const script = `mount -t tmpfs none /var/lib && mkdir ${folderOfPackage} && exec "$0" "$@"`;
  return ['unshare', ...asRoot, '--mount', 'sh', '-c', script, nginx];
}

function configuration({ port, data, module, buffer, first }: Omit<NchanOptions, 'channel'> & Facts): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${join(data, name)};`)
    .join(' ');
  const asRoot = process.getuid?.() === 0 ? 'user root;' : '';
  return `load_module ${module};
daemon off; master_process off; ${asRoot} pid ${join(data, 'nginx.pid')};
events { worker_connections 120000; }
http {
  access_log off; keepalive_requests 1000000000; keepalive_timeout 600s; ${temporary}
  nchan_max_reserved_memory 1024M;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location = /pub {
      nchan_publisher; nchan_channel_id $arg_id;
      nchan_message_buffer_length ${buffer}; nchan_message_timeout 30m;
    }
    location = /sub {
      nchan_subscriber websocket; nchan_channel_id $arg_id; nchan_subscriber_first_message ${first};
    }
  }
}
`;
}

interface Facts {
  readonly port: number;
  readonly data: string;
  readonly module: string;
}
