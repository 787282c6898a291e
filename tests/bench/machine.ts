// On what a run was made: a figure without its machine, commit and versions says nothing.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { findBinary, type ProgramName } from '../../tools/services/binary.ts';

const root = join(import.meta.dirname, '../..');
const gib = 1024 ** 3;
const servers: readonly ProgramName[] = ['mongod', 'redis-server', 'nats-server'];

/** Lines as "commit: …". */
export async function machineFacts(): Promise<readonly string[]> {
  const [cpu] = cpus();
  const memory = `${Math.round(totalmem() / gib)} GiB`;
  const found = await Promise.all(servers.map(async (name) => `${name} ${await serverVersion(name)}`));
  return [
    `commit ${commit()}`,
    `${cpus().length} cores of ${cpu?.model ?? 'an unknown kind'}, ${memory}, Linux ${release()}`,
    `Node ${process.version.slice(1)}, ${found.join(', ')}, ${said('go', ['version']).split(' ')[2] ?? ''}`,
    ['ws', 'socket.io', '@socket.io/redis-adapter']
      .map((name) => `${name} ${packageVersion(name)}`)
      .join(', '),
  ];
}

/** Short, with a mark when the tree is not what was committed. */
function commit(): string {
  const name = said('git', ['rev-parse', '--short', 'HEAD']);
  return said('git', ['status', '--porcelain', '--', 'libs', 'apps']) === ''
    ? name
    : `${name} with changes that are not committed`;
}

async function serverVersion(name: ProgramName): Promise<string> {
  return /\d+\.\d+\.\d+/.exec(said(await findBinary(name), ['--version']))?.[0] ?? 'of an unknown version';
}

function packageVersion(name: string): string {
  const text = readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

function said(command: string, args: readonly string[]): string {
  return spawnSync(command, args, { cwd: root, encoding: 'utf8' }).stdout?.trim() ?? '';
}
