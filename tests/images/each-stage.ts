// Starts each image alone, from its own files, against real servers on the loopback of the private machine:
// what it answers, what it may, how long it takes, and how it ends.
import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Services, startServices } from '../../tools/services/services.ts';
import { Box } from './box.ts';
import type { ComposeFile } from './compose-file.ts';
import { cpuMsOf, privilegesOf, writesOf } from './facts.ts';
import type { BuiltImage, Plan } from './plan.ts';
import { judged, type Row } from './report.ts';

const readyTimeoutMs = 30_000;
const pollMs = 10;
const probeTimeoutMs = 1_000;
/** Longer than CARILLON_SHUTDOWN_MS. */
const graceMs = 45_000;
const firstInternalPort = 9_090;
const uid = 10_001;

interface Started {
  readonly app: string;
  readonly box: Box;
  readonly internalUrl: string;
  readonly readyMs: number;
  readonly cpuMs: number;
}

export async function runEach(plan: Plan, compose: ComposeFile, say: (text: string) => void): Promise<Row[]> {
  const services = await startServices();
  const rows: Row[] = [];
  try {
    const started: Started[] = [];
    for (const app of Object.keys(plan.images)) {
      // Standalone has the public port of push.
      if (app === 'standalone') rows.push(...(await stopAll(started.splice(0), say)));
      const one = await start(plan, compose, { app, services, at: started.length });
      say(`${app} is ready after ${one.readyMs} ms`);
      rows.push(...(await rowsOf(one)));
      started.push(one);
    }
    rows.push(...(await stopAll(started, say)));
  } finally {
    await services.stop();
  }
  return rows;
}

interface Start {
  readonly app: string;
  readonly services: Services;
  readonly at: number;
}

async function start(plan: Plan, compose: ComposeFile, { app, services, at }: Start): Promise<Started> {
  const { image, root } = plan.images[app] as BuiltImage;
  const port = firstInternalPort + at;
  const data = join(plan.folder, `data-${app}`);
  mkdirSync(data);
  chownSync(data, uid, uid);
  const hosts = join(plan.folder, 'localhost');
  writeFileSync(hosts, '127.0.0.1 localhost\n');
  const environment = { ...image.environment, ...environmentOf(compose, app, services) };
  const startedAt = performance.now();
  const box = new Box({
    name: app,
    root,
    kind: 'image',
    network: undefined,
    binds: [
      { from: data, to: '/data', isReadOnly: false },
      { from: hosts, to: '/etc/hosts', isReadOnly: true },
    ],
    tmpfs: ['/tmp'],
    isReadOnly: true,
    environment: { ...environment, CARILLON_INTERNAL_PORT: String(port) },
    cwd: image.cwd,
    user: { id: image.user, hasNoCapabilities: true, hasNoNewPrivileges: true },
    command: [...image.entrypoint, ...image.command],
  });
  const internalUrl = `http://127.0.0.1:${port}`;
  await untilReady(box, internalUrl);
  const readyMs = Math.round(performance.now() - startedAt);
  return { app, box, internalUrl, readyMs, cpuMs: await cpuMsOf(box) };
}

/** As compose renders it, but for the addresses of the servers; standalone is not in it and needs nothing. */
function environmentOf(compose: ComposeFile, app: string, services: Services): Record<string, string> {
  const service = compose.services.find(({ target }) => target === app);
  if (!service) return {};
  const addresses: Record<string, string> = {
    MONGO_URL: services.mongoUrl,
    REDIS_URL: services.redisUrl,
    NATS_URL: services.natsUrl,
  };
  const entries = Object.entries(service.environment).map(([name, value]) => [
    name,
    addresses[name] ?? value,
  ]);
  return Object.fromEntries(entries) as Record<string, string>;
}

async function untilReady(box: Box, url: string): Promise<void> {
  const deadline = Date.now() + readyTimeoutMs;
  while ((await statusOf(`${url}/readyz`)) !== 200) {
    if (box.endCode !== undefined) throw new Error(`${box.name} ended while it started:\n${box.lastWords}`);
    if (Date.now() > deadline) throw new Error(`${box.name} does not get ready:\n${box.lastWords}`);
    await sleep(pollMs);
  }
}

async function rowsOf({ app, box, internalUrl, readyMs, cpuMs }: Started): Promise<Row[]> {
  const probes = ['/livez', '/readyz', '/startupz'];
  const statuses = await Promise.all(probes.map((path) => statusOf(internalUrl + path)));
  return [
    { what: `${app}: start to ready`, is: `${readyMs} ms, of CPU ${cpuMs} ms` },
    judged(`${app}: ${probes.join(' ')}`, { is: statuses.join(' '), must: '200 200 200' }),
    judged(`${app}: runs as`, {
      is: await privilegesOf(box),
      must: `uid ${uid}, gid ${uid}, no capabilities, no new privileges`,
    }),
    judged(`${app}: may write`, {
      is: await writesOf(box, ['/app', '/tmp', '/data']),
      must: '/app EROFS, /tmp written, /data written',
    }),
  ];
}

/** The newest first, so that nobody misses what it depends on. */
async function stopAll(started: readonly Started[], say: (text: string) => void): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { app, box } of started.toReversed()) {
    const from = performance.now();
    const code = await box.stop(graceMs);
    const took = `${Math.round(performance.now() - from)} ms`;
    say(`${app} drained in ${took}`);
    if (code !== 0) say(box.lastWords);
    rows.push(
      { what: `${app}: drain`, is: took },
      judged(`${app}: exit code after SIGTERM`, { is: String(code), must: '0' }),
    );
  }
  return rows;
}

/** 0 when nobody answers. */
async function statusOf(url: string): Promise<number> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(probeTimeoutMs) });
    await answer.body?.cancel();
    return answer.status;
  } catch {
    return 0; // Not up yet, or gone: the caller tells them apart.
  }
}
