// A real Kubernetes API on loopback: etcd and kube-apiserver, without nodes and controllers. It knows who may
// do what and what is valid; nothing ever runs in it. Must leave no process and no file.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';
import { freePort, isAnswering } from '../../tools/services/port.ts';
import { type Server, startServer } from '../../tools/services/server.ts';
import { runChild } from './child.ts';
import type { Manifest } from './manifest.ts';
import type { Programs } from './programs.ts';

const readyTimeoutMs = 1_000;

export class ControlPlane {
  /** For files of whoever uses it; gone with it. */
  readonly folder: string;
  readonly #kubectl: string;
  readonly #servers: readonly Server[];

  private constructor(kubectl: string, servers: readonly Server[], folder: string) {
    this.#kubectl = kubectl;
    this.#servers = servers;
    this.folder = folder;
  }

  /** Resolves when the API is ready. @throws with the last words of what did not start */
  static async start(programs: Programs): Promise<ControlPlane> {
    const etcd = await startEtcd(programs);
    try {
      const { server, folder } = await startApiServer(programs, etcd.port);
      return new ControlPlane(programs.kubectl, [server, etcd], folder);
    } catch (error) {
      await etcd.stop();
      throw error;
    }
  }

  /** Really makes the namespace, with the account that its pods run as unless told otherwise. Idempotent. */
  async makeNamespace(namespace: Manifest): Promise<void> {
    const { name } = namespace.metadata;
    const account = {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'default', namespace: name },
    };
    for (const object of [namespace, account]) {
      const fault = await this.#apply([object], []);
      if (fault) throw new Error(`The namespace ${name} cannot be made: ${fault}`);
    }
  }

  /**
   * What the API says against the objects, as if they were to be made; undefined when it would take them. A
   * mere warning counts unless told otherwise.
   */
  refusal(objects: readonly Manifest[], countsWarnings = true): Promise<string | undefined> {
    const flags = ['--dry-run=server', '--validate=strict', `--warnings-as-errors=${countsWarnings}`];
    return this.#apply(objects, flags);
  }

  async stop(): Promise<void> {
    for (const server of this.#servers) await server.stop();
  }

  async #apply(objects: readonly Manifest[], flags: readonly string[]): Promise<string | undefined> {
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
    const env = { KUBECONFIG: join(this.folder, 'kubeconfig'), HOME: this.folder };
    const outcome = await runChild(this.#kubectl, ['apply', ...flags, '-f', '-'], { input, env });
    return outcome.isGood ? undefined : outcome.stderr.trim() || 'no reason given';
  }
}

async function startEtcd({ etcd }: Programs): Promise<Server> {
  const peer = `http://127.0.0.1:${await freePort()}`;
  return startServer({
    name: 'etcd',
    binary: etcd,
    args: (port, folder) => [
      ...['--data-dir', join(folder, 'data')],
      ...['--listen-client-urls', `http://127.0.0.1:${port}`],
      ...['--advertise-client-urls', `http://127.0.0.1:${port}`],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
      ...['--initial-cluster', `default=${peer}`],
    ],
    isReady: (port) => isAnswering({ port, send: 'GET /health HTTP/1.0\r\n\r\n', expect: 'HTTP/1.0 200' }),
  });
}

/** `folder` is the server's own, with the kubeconfig in it. */
async function startApiServer(
  { apiServer }: Programs,
  etcdPort: number,
): Promise<{ server: Server; folder: string }> {
  const token = randomBytes(16).toString('hex');
  let own = '';
  const server = await startServer({
    name: 'kube-apiserver',
    binary: apiServer,
    args: (port, folder) => {
      own = folder;
      writeFileSync(join(folder, 'kubeconfig'), kubeconfig(port, token), { mode: 0o600 });
      return apiServerFlags(folder, token, { port, etcdPort });
    },
    isReady: (port) => isReady(port, token),
  });
  return { server, folder: own };
}

function apiServerFlags(folder: string, token: string, ports: { port: number; etcdPort: number }): string[] {
  const [keyFile, tokenFile] = [join(folder, 'accounts.key'), join(folder, 'tokens.csv')];
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  writeFileSync(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  writeFileSync(tokenFile, `${token},admin,admin,system:masters\n`, { mode: 0o600 });
  return [
    `--etcd-servers=http://127.0.0.1:${ports.etcdPort}`,
    ...['--bind-address=127.0.0.1', '--advertise-address=127.0.0.1', `--secure-port=${ports.port}`],
    `--cert-dir=${join(folder, 'certificates')}`,
    ...[`--service-account-key-file=${keyFile}`, `--service-account-signing-key-file=${keyFile}`],
    '--service-account-issuer=https://kubernetes.default.svc',
    ...['--service-cluster-ip-range=10.0.0.0/24', '--endpoint-reconciler-type=none'],
    ...[`--token-auth-file=${tokenFile}`, '--authorization-mode=RBAC'],
    // As real clusters have it: what refuses a privileged pod must be its namespace.
    '--allow-privileged=true',
    // etcd 3.4, which Debian has, does not report progress on demand.
    '--feature-gates=WatchList=false',
  ];
}

function isReady(port: number, token: string): Promise<boolean> {
  return new Promise((resolve) => {
    const url = `https://127.0.0.1:${port}/readyz`;
    // It signs its own certificate, and we have started it ourselves.
    const options = {
      headers: { authorization: `Bearer ${token}` },
      rejectUnauthorized: false,
      timeout: readyTimeoutMs,
    };
    const request = get(url, options, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.once('timeout', () => request.destroy());
    request.once('error', () => resolve(false));
  });
}

/** JSON is YAML. */
function kubeconfig(port: number, token: string): string {
  const server = `https://127.0.0.1:${port}`;
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'here', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'admin', user: { token } }],
    contexts: [{ name: 'here', context: { cluster: 'here', user: 'admin' } }],
    'current-context': 'here',
  });
}
