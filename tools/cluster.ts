// `npm run cluster`: auth, collect, dispatch and two push nodes as processes over real MongoDB, Redis and
// NATS, for development. Prints what they log, says where they are, and ends everything on Ctrl-C. Must never
// print the admin key: it is in a file for this user alone, which goes with the cluster.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Cluster, startCluster } from './cluster/cluster.ts';
import { makeFolder, removeFolder } from './services/folder.ts';

const pushNodes = 2;
const keepAliveMs = 3_600_000;

let cluster: Cluster | undefined;
let isStopping = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop());

try {
  console.log('Starting MongoDB, Redis, NATS and five processes …');
  cluster = await startCluster({
    pushNodes,
    members: 1,
    onLine: (name, line) => console.log(`${name.padEnd(9)}| ${line}`),
  });
  console.log(addresses(cluster, keepKey(cluster.adminKey)));
  setInterval(() => {}, keepAliveMs);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}

async function stop(): Promise<void> {
  // A second signal is a person who does not want to wait; before everything is up there is nothing to drain.
  if (isStopping || !cluster) process.exit(1);
  isStopping = true;
  console.log('Stopping …');
  await cluster.stop();
  process.exit(0);
}

/** @returns the file with the key */
function keepKey(adminKey: string): string {
  const folder = makeFolder('cluster');
  process.on('exit', () => removeFolder(folder));
  const file = join(folder, 'admin-key');
  writeFileSync(file, `${adminKey}\n`, { mode: 0o600 });
  return file;
}

function addresses(running: Cluster, keyFile: string): string {
  const { authUrl, collectUrl, pushNodes: nodes, processes, services } = running;
  return `
The cluster is ready.

  Auth      ${authUrl}/v1/tokens
  Collect   ${collectUrl}/v1/messages
  Push      ${nodes.map(({ socketUrl }) => socketUrl).join('  ')}
  Internal  ${processes.map(({ name, internalUrl }) => `${name} ${internalUrl}`).join('  ')}
  Servers   ${services.mongo.url}  ${services.redis.url}  ${services.nats.url}

  export CARILLON_KEY=$(cat ${keyFile})
  curl -i ${collectUrl}/v1/messages -H "Authorization: Bearer $CARILLON_KEY" \\
    -H 'Content-Type: application/json' -d '{"to":"user:42","event":"hello"}'
  curl -s ${authUrl}/v1/tokens -H "Authorization: Bearer $CARILLON_KEY" \\
    -H 'Content-Type: application/json' -d '{"user":"42"}'

Ctrl-C stops everything.
`;
}
