// `npm run images`: builds the five images without a container engine, looks into them, runs each alone and
// all services of docker-compose.yml together, and says in a table what was met. Exits with 1 when something
// was not. Must leave no process, no mount and no container behind; images stay in a cache folder for the
// next run.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findBinary, searchPath } from '../../tools/services/binary.ts';
import { holdLock } from '../../tools/services/lock.ts';
import { dyingWithUs } from '../../tools/services/server.ts';
import { type Built, buildImages } from './building.ts';
import { type CommandLine, readCommandLine } from './command-line.ts';
import { mongoshProgram } from './machine-program.ts';
import type { Plan } from './plan.ts';
import { isAllMet, judged, type Row, table } from './report.ts';
import { requirePrograms } from './requirement.ts';
import { cacheFolder, Storage } from './storage.ts';

const say = (text: string) => console.log(`${new Date().toISOString().slice(11, 19)}  ${text}`);
const startedAt = performance.now();
const running = new Set<ChildProcess>();

try {
  process.exitCode = 1; // until the table says otherwise
  const asked = readCommandLine(process.argv.slice(2));
  requirePrograms(say);
  process.exitCode = (await withStorage((storage) => work(storage, asked))) ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
}

async function withStorage<T>(job: (storage: Storage) => Promise<T>): Promise<T> {
  const storage = Storage.open(cacheFolder());
  const release = await holdLock(`${storage.folder}.lock`);
  let cleaning: Promise<void> | undefined;
  const cleanUp = () => {
    cleaning ??= storage.prune().finally(release);
    return cleaning;
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      say(`${signal}: cleaning up`);
      storage.abandon();
      for (const child of running) child.kill('SIGKILL');
      void cleanUp().finally(() => process.exit(1));
    });
  }
  try {
    return await job(storage);
  } finally {
    await cleanUp();
  }
}

async function work(storage: Storage, asked: CommandLine): Promise<boolean> {
  await storage.prune();
  if (asked.isCleaned) {
    await storage.clean();
    say(`${storage.folder} is gone`);
    return true;
  }
  say(`images are kept in ${storage.folder} (${storage.driver})`);
  const built = await buildImages(storage, say);
  const folder = mkdtempSync(join(tmpdir(), 'carillon-images-'));
  try {
    const rows = [...built.rows, ...(await runInside(await planOf(asked, built, folder)))];
    rows.push({ what: 'all of it', is: `${Math.round((performance.now() - startedAt) / 1_000)} s` });
    console.log(`\n${table(rows)}\n`);
    const met = rows.filter(({ isMet }) => isMet === true).length;
    const unmet = rows.filter(({ isMet }) => isMet === false).length;
    console.log(`${met} expectations met, ${unmet} not met`);
    return isAllMet(rows);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function planOf(asked: CommandLine, { images }: Built, folder: string): Promise<Plan> {
  const mongosh = join(folder, 'mongosh');
  writeFileSync(mongosh, mongoshProgram, { mode: 0o755 });
  const programs: Record<string, string> = { mongosh, node: process.execPath };
  for (const name of ['mongod', 'redis-server', 'nats-server'] as const)
    programs[name] = await findBinary(name);
  for (const name of ['haproxy', 'redis-cli', 'wget']) programs[name] = searchPath(name) ?? '';
  const { isEachStarted, isComposeRun } = asked;
  return { isEachStarted, isComposeRun, folder, images, programs };
}

/** On a private machine: what it mounts, starts and connects is gone when it ends, however it ends. */
async function runInside(plan: Plan): Promise<readonly Row[]> {
  const file = join(plan.folder, 'plan.json');
  writeFileSync(file, JSON.stringify(plan));
  const fresh = ['unshare', '--mount', '--propagation', 'private', '--net', '--pid', '--fork'];
  const kept = [
    '--mount-proc',
    '--kill-child',
    process.execPath,
    join(import.meta.dirname, 'inside.ts'),
    file,
  ];
  const [command = '', ...args] = dyingWithUs([...fresh, ...kept]);
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], detached: true });
  running.add(child);
  let rows: readonly Row[] = [];
  child.on('message', (message) => {
    rows = message as readonly Row[];
  });
  const code = await new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null));
    child.once('exit', resolve);
  });
  running.delete(child);
  return [...rows, judged('ran to the end', { is: code === 0 ? 'yes' : 'no, see above', must: 'yes' })];
}
