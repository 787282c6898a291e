// A real HAProxy, master and worker as in its container, with our own configuration: started, reloaded,
// ended. Must never outlive this process.
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../../tools/cluster/cluster.ts';
import { isAnswering } from '../../tools/services/port.ts';
import { type Server, startServer } from '../../tools/services/server.ts';
import { haproxyPath } from '../setup/haproxy.ts';
import { placed, proxyConfig, type Services } from './proxy-config.ts';

/** Files it may open are limited; this many connections are more than enough for a spec. */
const connectionsMax = '8000';
const reloadTimeoutMs = 30_000;
const pollMs = 20;

export class Balancer {
  readonly url: string;
  readonly socketUrl: string;
  readonly #server: Server;
  readonly #folder: string;
  readonly #text: string;

  private constructor(server: Server, folder: string, text: string) {
    this.#server = server;
    this.#folder = folder;
    this.#text = text;
    this.url = `http://127.0.0.1:${server.port}`;
    this.socketUrl = `ws://127.0.0.1:${server.port}/v1/connect`;
  }

  /** Answers when it resolves; `text` instead of the file as it is. */
  static async start(services: Services, text = proxyConfig): Promise<Balancer> {
    let where = '';
    const server = await startServer({
      name: 'haproxy',
      binary: await haproxyPath(),
      args: (port, folder) => {
        where = folder;
        writeFileSync(fileIn(folder), placed(text, port, services));
        return ['-W', '-db', '-n', connectionsMax, '-S', masterIn(folder), '-f', fileIn(folder)];
      },
      isReady: (port) =>
        isAnswering({ port, send: 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', expect: 'HTTP/1.1 404' }),
    });
    return new Balancer(server, where, text);
  }

  /** As operators do it (SIGUSR2). Resolves when a new worker, which knows these services, has taken over. */
  async reload(services: Services): Promise<void> {
    writeFileSync(fileIn(this.#folder), placed(this.#text, this.#server.port, services));
    const [before] = (await this.workers()).present;
    process.kill(this.#server.pid, 'SIGUSR2');
    const isNew = ({ present: [now] }: Workers) => now !== undefined && now !== before;
    await this.until(isNew, 'a new worker');
  }

  /** Process ids: of the worker that takes new connections, and of those that only finish theirs. */
  async workers(): Promise<Workers> {
    const [, present = '', old = ''] = (await this.#ask('show proc')).split(/^# (?:old )?workers$/m);
    const pids = (text: string) => [...text.matchAll(/^(\d+)\s+worker/gm)].map(([, pid]) => Number(pid));
    return { present: pids(present), old: pids(old) };
  }

  /** @throws Error when it does not come true in time */
  async until(isIt: (workers: Workers) => boolean, what: string): Promise<void> {
    const deadline = Date.now() + reloadTimeoutMs;
    while (!isIt(await this.workers())) {
      if (Date.now() > deadline) throw new Error(`not reached: ${what}`);
      await sleep(pollMs);
    }
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }

  /** One command to the master; '' while it starts itself anew. */
  #ask(command: string): Promise<string> {
    return new Promise((resolve) => {
      let said = '';
      const socket = connect(masterIn(this.#folder), () => socket.end(`${command}\n`));
      socket.on('data', (data) => {
        said += data;
      });
      socket.once('error', () => resolve(''));
      socket.once('close', () => resolve(said));
    });
  }
}

export interface Workers {
  readonly present: readonly number[];
  readonly old: readonly number[];
}

/** Where the processes of a cluster listen. */
export function servicesOf(cluster: Cluster): Services {
  const address = ({ url, internalUrl }: { readonly url: string; readonly internalUrl: string }) => ({
    port: Number(new URL(url).port),
    internalPort: Number(new URL(internalUrl).port),
  });
  const first = (kind: string) => {
    const app = cluster.processes.find(({ name }) => name.replace(/-\d+$/, '') === kind);
    if (!app) throw new Error(`there is no ${kind}`);
    return address(app);
  };
  return { push: cluster.pushNodes.map(address), auth: first('auth'), collect: first('collect') };
}

function fileIn(folder: string): string {
  return join(folder, 'haproxy.cfg');
}

function masterIn(folder: string): string {
  return join(folder, 'master');
}
