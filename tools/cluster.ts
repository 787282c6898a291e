// `npm run cluster`: auth, collect, dispatch and two push nodes as processes over real MongoDB, Redis and
// NATS, for development. Prints what they log, says where they are, and ends everything on Ctrl-C.
import { type Cluster, startCluster } from './cluster/cluster.ts';

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
  console.log(addresses(cluster));
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

function addresses({
  authUrl,
  collectUrl,
  pushNodes: nodes,
  adminKey,
  processes,
  services,
}: Cluster): string {
  return `
The cluster is ready.

  Auth      ${authUrl}/v1/tokens
  Collect   ${collectUrl}/v1/messages
  Push      ${nodes.map(({ socketUrl }) => socketUrl).join('  ')}
  Internal  ${processes.map(({ name, internalUrl }) => `${name} ${internalUrl}`).join('  ')}
  Servers   ${services.mongo.url}  ${services.redis.url}  ${services.nats.url}

  export CARILLON_KEY=${adminKey}
  curl -i ${collectUrl}/v1/messages -H "Authorization: Bearer $CARILLON_KEY" \\
    -H 'Content-Type: application/json' -d '{"to":"user:42","event":"hello"}'
  curl -s ${authUrl}/v1/tokens -H "Authorization: Bearer $CARILLON_KEY" \\
    -H 'Content-Type: application/json' -d '{"user":"42"}'

Ctrl-C stops everything.
`;
}
