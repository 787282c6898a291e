// The protocol as standalone serves it, and the four apps over real MongoDB, Redis and NATS; or the server at
// CARILLON_URL alone, with the key in CARILLON_KEY.
import { startCluster } from '../../tools/cluster/cluster.ts';
import { buildApps } from '../setup/built.ts';
import { givenTarget } from './given-target.ts';
import { Running } from './running.ts';
import { conformance, pageOrigin, type Server, shortTimes, shortTimesEnv } from './suite.ts';

const { CARILLON_URL: url, CARILLON_KEY: key, CARILLON_ORIGIN: origin } = process.env;

const ours = [
  { title: 'standalone', start: standalone },
  { title: 'the four apps', start: cluster },
];
conformance(url === undefined ? ours : [{ title: url, start: given }]);

async function given(): Promise<Server> {
  const target = givenTarget({ url, key, origin });
  if (typeof target === 'string') throw new Error(target);
  return { target, stop: async () => {} };
}

async function standalone(): Promise<Server> {
  await buildApps();
  const running = await Running.start({ env: { AUTH_ORIGINS: pageOrigin, ...shortTimesEnv } });
  const target = {
    name: 'standalone',
    socketUrl: running.socketUrl,
    collectUrl: running.url,
    authUrl: running.url,
    key: running.adminKey,
    origin: pageOrigin,
    mayReachEverybody: true,
    ...shortTimes,
  };
  return { target, drain: () => running.signal('SIGTERM'), stop: () => running.remove() };
}

async function cluster(): Promise<Server> {
  await buildApps();
  const env = { AUTH_ORIGINS: pageOrigin, ...shortTimesEnv };
  const running = await startCluster({ pushNodes: 1, members: 1, env });
  const [node] = running.pushNodes;
  if (!node) throw new Error('the cluster has no push node');
  const target = {
    name: 'the four apps',
    socketUrl: node.socketUrl,
    collectUrl: running.collectUrl,
    authUrl: running.authUrl,
    key: running.adminKey,
    origin: pageOrigin,
    mayReachEverybody: true,
    ...shortTimes,
  };
  return { target, drain: () => void node.kill('SIGTERM'), stop: () => running.stop() };
}
