// What is made of docker-compose.yml and of a command line before anything is built or run.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../house/command.ts';
import { readCommandLine } from './command-line.ts';
import { durationMs, readComposeFile } from './compose-file.ts';
import { asUser, type Launch, launchScript, quoted } from './launch-script.ts';
import { standInFor } from './machine-program.ts';
import { addressesOf, replyTo } from './names-server.ts';
import { addressesIn, hostsText } from './network.ts';
import { isAllMet, judged, table } from './report.ts';
import { bytesOf } from './storage.ts';

const composeText = readFileSync(join(root, 'docker-compose.yml'), 'utf8');

describe('the command line', () => {
  it('means everything when it is empty, and one part when it names it', () => {
    expect(readCommandLine([])).toEqual({ isEachStarted: true, isComposeRun: true, isCleaned: false });
    expect(readCommandLine(['--each'])).toMatchObject({ isEachStarted: true, isComposeRun: false });
    expect(readCommandLine(['--compose'])).toMatchObject({ isEachStarted: false, isComposeRun: true });
    expect(readCommandLine(['--clean'])).toMatchObject({ isCleaned: true, isComposeRun: false });
  });

  it.each([[['--all']], [['--compose', '--each']], [['compose']]])('refuses %j with the usage', (argv) => {
    expect(() => readCommandLine(argv)).toThrow(/is not understood; usage: npm run images/);
  });
});

describe('the compose file', () => {
  it('is rendered with all that its services inherit', () => {
    const { services, subnet } = readComposeFile(composeText);
    expect(subnet).toBe('172.30.77.0/24');
    const push = services.find(({ name }) => name === 'push-2');
    expect(push).toMatchObject({
      image: 'carillon-push:0.1.0',
      target: 'push',
      command: [],
      environment: { CARILLON_NODE: 'push-2', REDIS_URL: 'redis://redis:6379' },
      isReadOnly: true,
      hasNoCapabilities: true,
      hasNoNewPrivileges: true,
      tmpfs: ['/tmp'],
      graceMs: 45_000,
    });
    expect(push?.healthcheck?.[0]).toBe('node');
    expect(push?.dependsOn.get('mongo-init')).toBe('service_completed_successfully');
    const auth = services.find(({ name }) => name === 'auth');
    expect(auth?.mounts).toEqual([{ source: 'keys', target: '/data', isReadOnly: false }]);
  });

  it.each([
    ['a field', 'volumes: ["keys:/data"]', 'volumes: ["keys:/data"]\n    privileged: true'],
    ['a kind of health check', '["CMD", "redis-cli", "ping"]', '["CMD-SHELL", "redis-cli ping"]'],
    ['a volume', '"keys:/data"', '"keys:/data:z"'],
    ['a variable', 'CARILLON_NODE: auth', `CARILLON_NODE: $${'{'}NODE}`],
    ['a duration', 'stop_grace_period: 45s', 'stop_grace_period: 1h'],
  ])('is refused for %s that is not rendered', (_what, from, to) => {
    expect(composeText).toContain(from);
    expect(() => readComposeFile(composeText.replace(from, to))).toThrow(/rendered here|understood here/);
  });

  it('has durations in milliseconds', () => {
    expect(['250ms', '45s', '2m'].map(durationMs)).toEqual([250, 45_000, 120_000]);
  });
});

describe('what stands for an image', () => {
  const parts = { programs: { mongod: '/m', mongosh: '/s', node: '/n', haproxy: '/h' }, checkout: '/c' };

  it('is called as the image’s entry point calls it', () => {
    expect(standInFor('docker.io/library/mongo:8.0.13', ['--replSet', 'rs0'], parts).command[0]).toBe(
      'mongod',
    );
    expect(standInFor('docker.io/library/mongo:8.0.13', ['mongosh', '--quiet'], parts).command[0]).toBe(
      'mongosh',
    );
    expect(standInFor('docker.io/library/haproxy:3.2.4-alpine', [], parts).command).toContain(
      '/usr/local/etc/haproxy/haproxy.cfg',
    );
  });

  it('is refused for an image or a program that is not known', () => {
    expect(() => standInFor('docker.io/library/postgres:17.0.0', [], parts)).toThrow(
      'Nothing here stands for',
    );
    expect(() => standInFor('docker.io/library/nats:2.11.8', [], parts)).toThrow('No nats-server was found');
  });
});

describe('the script of a box', () => {
  const launch: Launch = {
    root: '/mnt/it',
    kind: 'image',
    binds: [{ from: '/vol', to: '/data', isReadOnly: false }],
    tmpfs: ['/tmp'],
    isReadOnly: true,
    environment: { A: "it's", B: '1' },
    cwd: '/app',
    user: { id: '10001:10002', hasNoCapabilities: true, hasNoNewPrivileges: true },
    command: ['node', 'main.js'],
  };

  it('makes the root read-only after everything is mounted, and becomes the program', () => {
    const lines = launchScript(launch).split('\n');
    expect(lines[0]).toBe('set -e');
    expect(lines.indexOf('mount -o remount,bind,ro /mnt/it')).toBe(lines.length - 2);
    expect(lines.findIndex((line) => line.includes('/vol'))).toBeLessThan(lines.length - 2);
    expect(lines.at(-1)).toMatch(/^exec chroot \/mnt\/it setpriv .* node main\.js$/);
  });

  it('gives the program its user, no rights, and no environment but its own', () => {
    expect(asUser(launch, launch.command)).toEqual([
      ...['setpriv', '--reuid', '10001', '--regid', '10002', '--clear-groups'],
      ...['--bounding-set=-all', '--inh-caps=-all', '--no-new-privs'],
      ...['env', '-i', '-C', '/app', "A=it's", 'B=1', 'node', 'main.js'],
    ]);
  });

  it('quotes words so that a shell gives them back', () => {
    const words = ["it's", 'a b', '$HOME', '', '`x`', '"', 'plain-1.0', '\n'];
    const said = execFileSync('sh', ['-c', `printf '%s\\0' ${quoted(words)}`], { encoding: 'utf8' });
    expect(said.split('\0').slice(0, -1)).toEqual(words);
  });
});

describe('names and addresses', () => {
  it('are one each, after the bridge', () => {
    const addresses = addressesIn('172.30.77.0/24', ['a', 'b']);
    expect([...addresses.values()]).toEqual(['172.30.77.2', '172.30.77.3']);
    expect(hostsText(addresses)).toBe('127.0.0.1 localhost\n172.30.77.2 a\n172.30.77.3 b\n');
    expect(() => addressesIn('10.0.0.0/8', ['a'])).toThrow('no subnet that is understood');
  });

  it('are told to who asks for an address, and nothing else is', () => {
    const addresses = addressesOf('172.30.77.2 push-1\n');
    const known = replyTo(query('push-1', 1), addresses);
    expect(known?.subarray(0, 8).toString('hex')).toBe('abcd818000010001');
    expect([...(known?.subarray(-4) ?? [])]).toEqual([172, 30, 77, 2]);
    expect(replyTo(query('push-1', 28), addresses)?.subarray(0, 8).toString('hex')).toBe('abcd818000010000');
    expect(replyTo(query('nobody', 1), addresses)?.subarray(0, 8).toString('hex')).toBe('abcd818300010000');
    expect(replyTo(Buffer.alloc(12), addresses)).toBeUndefined();
  });
});

describe('the table', () => {
  const rows = [{ what: 'a', is: '1 MB' }, judged('b', { is: '0', must: '0' })];

  it('is met when nothing that is judged is otherwise', () => {
    expect(isAllMet(rows)).toBe(true);
    expect(isAllMet([...rows, judged('c', { is: '1', must: '0' })])).toBe(false);
    expect(table([...rows, judged('c', { is: '1', must: '0' })])).toBe(
      '  a  1 MB\n  b  0     ok\n  c  1     NOT MET: must be 0',
    );
  });

  it('counts bytes as buildah prints them', () => {
    expect(['362 MB', '1.18 GB', '12.3 KB', '7 B'].map(bytesOf)).toEqual([362e6, 1.18e9, 12_300, 7]);
  });
});

function query(name: string, kind: number): Buffer {
  const header = Buffer.from('abcd01000001000000000000', 'hex');
  const label = Buffer.concat([Buffer.from([name.length]), Buffer.from(name), Buffer.from([0])]);
  return Buffer.concat([header, label, Buffer.from([0, kind, 0, 1])]);
}
