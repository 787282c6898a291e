/** The contract, and the faults of a real Redis: wiped, restarted empty, rewound, frozen, gone. */
import { randomBytes } from 'node:crypto';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Incarnation, incarnation, type UserKey, userKey } from '@carillon/domain';
import { routeTableContract } from '@carillon/domain/contracts';
import { LeaseExpired, PortUnavailable, type RouteTable } from '@carillon/domain/ports';
import { MachineClock, SeededRandom } from '@carillon/testkit';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { startRedis } from '../../../../tools/services/redis.ts';
import { RedisRoutes } from './redis-routes.js';

const commandTimeoutMs = 200;
const leaseMs = 10_000;
const seed = randomBytes(4).readUInt32LE();
const random = new SeededRandom(seed);

// Faults of a real server take real time.
const open = (url: string, prefix: string): Promise<RouteTable> =>
  RedisRoutes.open({ url, prefix, clock: new MachineClock(), random, commandTimeoutMs });
const ann = userKey('t', 'ann');
const node = incarnation('push-1', 'a');
const nodesOf = async (table: RouteTable, user: UserKey) =>
  ((await table.lookup([user])).get(user) ?? []).map((route) => route.incarnation);

describe(`RedisRoutes (seed ${seed})`, () => {
  const prefix = `contract-${seed}:`;
  let redis: Redis;
  beforeAll(() => {
    redis = new Redis(inject('redisUrl'));
  });
  afterAll(() => redis.quit());

  const wipe = async () => {
    const keys = await redis.keys(`${prefix}*`);
    if (keys.length > 0) await redis.del(keys);
  };
  routeTableContract('RedisRoutes', {
    open: () => open(inject('redisUrl'), prefix),
    passTime: (ms) => sleep(ms),
    wipe,
    snapshot: async () => {
      const keys = await redis.keys(`${prefix}*`);
      const copies = await Promise.all(
        keys.map(async (key) => [key, await redis.dumpBuffer(key), await redis.pttl(key)] as const),
      );
      return async () => {
        await wipe();
        for (const [key, value, ttlMs] of copies)
          if (value) await redis.restore(key, Math.max(0, ttlMs), value);
      };
    },
  });
});

describe('RedisRoutes on a server of its own', { timeout: 30_000 }, () => {
  let server: Awaited<ReturnType<typeof startRedis>>;
  let redis: Redis;
  let table: RouteTable;
  beforeAll(async () => {
    server = await startRedis();
    redis = new Redis(server.url);
    redis.on('error', () => {}); // It is meant to lose its server.
    table = await open(server.url, 'p:');
  });
  afterAll(async () => {
    redis.disconnect();
    await table.close();
    await server.stop();
  });

  const claimed = async (boot: Incarnation, user = ann) => {
    await table.renewLease(boot, leaseMs);
    await table.claim(boot, [user]);
  };
  const isBack = () => vi.waitFor(() => table.lookup([ann]), { timeout: 10_000, interval: 20 });
  const failure = async (work: Promise<unknown>) => {
    const start = performance.now();
    await expect(work).rejects.toBeInstanceOf(PortUnavailable);
    return performance.now() - start;
  };

  it('keeps its keys under its prefix, with their times to live', async () => {
    await redis.flushall();
    await claimed(node);
    const foreign = await open(server.url, 'q:');
    expect(await nodesOf(foreign, ann)).toEqual([]);
    await foreign.close();
    expect((await redis.keys('*')).sort()).toEqual(['p:node:{push-1~a}', 'p:route:{t/ann}']);
    expect(await redis.get('p:route:{t/ann}')).toBe('push-1~a');
    expect(await redis.pttl('p:route:{t/ann}')).toBeGreaterThan(86_300_000);
    expect(await redis.pttl('p:node:{push-1~a}')).toBeLessThanOrEqual(leaseMs);
  });

  it('keeps the time to live of a route that another node has released', async () => {
    const other = incarnation('push-2', 'a');
    await claimed(node);
    await claimed(other);
    await table.release(other, [ann]);
    expect(await nodesOf(table, ann)).toEqual([node]);
    expect(await redis.pttl('p:route:{t/ann}')).toBeGreaterThan(86_300_000);
  });

  it('notices at the next renewal that everything was flushed while it worked', async () => {
    await claimed(node);
    expect(await table.renewLease(node, leaseMs)).toBe('kept');
    const claims = Array.from({ length: 50 }, (_, n) => table.claim(node, [userKey('t', `u${n}`)]));
    const settled = Promise.allSettled(claims);
    await redis.flushall();
    for (const each of await settled) {
      if (each.status === 'rejected') expect(each.reason).toBeInstanceOf(LeaseExpired);
    }
    expect(await table.renewLease(node, leaseMs)).toBe('lost');
    expect(await table.renewLease(node, leaseMs)).toBe('kept');
  });

  it('notices at the next renewal that the server was killed and started empty', async () => {
    await claimed(node);
    await server.restart();
    await isBack();
    await expect(table.claim(node, [ann])).rejects.toBeInstanceOf(LeaseExpired);
    expect(await table.renewLease(node, leaseMs)).toBe('lost');
    await table.claim(node, [ann]);
    expect(await nodesOf(table, ann)).toEqual([node]);
  });

  it('notices at the next renewal that an older state was restored', async () => {
    await claimed(node);
    const old = String(await redis.get('p:node:{push-1~a}'));
    expect(await table.renewLease(node, leaseMs)).toBe('kept');
    await redis.set('p:node:{push-1~a}', old, 'PX', leaseMs);
    expect(await table.renewLease(node, leaseMs)).toBe('lost');
    expect(await table.renewLease(node, leaseMs)).toBe('kept');
  });

  it('keeps the lease when a heartbeat went unanswered, whether Redis did it or not', async () => {
    await claimed(node);
    const before = String(await redis.get('p:node:{push-1~a}'));
    server.pause();
    await failure(table.renewLease(node, leaseMs));
    server.resume();
    await vi.waitFor(async () => expect(await redis.get('p:node:{push-1~a}')).not.toBe(before));
    expect(await table.renewLease(node, leaseMs)).toBe('kept');
    const confirmed = String(await redis.get('p:node:{push-1~a}'));
    server.pause();
    await failure(table.renewLease(node, leaseMs));
    server.resume();
    await vi.waitFor(async () => expect(await redis.get('p:node:{push-1~a}')).not.toBe(confirmed));
    await redis.set('p:node:{push-1~a}', confirmed, 'PX', leaseMs);
    expect(await table.renewLease(node, leaseMs)).toBe('kept');
    await redis.set('p:node:{push-1~a}', before, 'PX', leaseMs);
    expect(await table.renewLease(node, leaseMs)).toBe('lost');
  });

  it('tells of a loss also when the new lease was set but its answer got lost', async () => {
    const wire = await lossyWire(server.port);
    const far = await open(`redis://127.0.0.1:${wire.port}`, 'p:');
    const boot = incarnation('push-7', 'a');
    await far.renewLease(boot, leaseMs);
    await redis.flushall();
    wire.loseAllAfterNull();
    await failure(far.renewLease(boot, leaseMs));
    expect(await redis.exists('p:node:{push-7~a}')).toBe(1);
    wire.cut();
    await vi.waitFor(() => far.lookup([ann]), { timeout: 10_000, interval: 20 });
    expect(await far.renewLease(boot, leaseMs)).toBe('lost');
    expect(await far.renewLease(boot, leaseMs)).toBe('kept');
    await far.close();
    wire.close();
  });

  it('fails within its time limit while the server is frozen, and recovers when it goes on', async () => {
    await claimed(node);
    server.pause();
    const calls = [table.lookup([ann]), table.claim(node, [ann]), table.renewLease(node, leaseMs)];
    const times = await Promise.all(calls.map(failure));
    expect(Math.min(...times)).toBeGreaterThanOrEqual(commandTimeoutMs - 5);
    expect(Math.max(...times)).toBeLessThan(commandTimeoutMs * 2);
    server.resume();
    await isBack();
    expect(await nodesOf(table, ann)).toEqual([node]);
  });

  it('drops a connection that stays silent, fails at once from then on, and comes back', async () => {
    server.pause();
    await vi.waitFor(async () => expect(await failure(table.lookup([ann]))).toBeLessThan(20), {
      timeout: 5_000,
      interval: 50,
    });
    await failure(table.renewLease(node, leaseMs));
    server.resume();
    await isBack();
  });

  it('fails at once while the server is dead, sends nothing of that later, and recovers', async () => {
    await claimed(node);
    await server.kill();
    await vi.waitFor(async () => expect(await failure(table.claim(node, [ann]))).toBeLessThan(20));
    await failure(table.renewLease(node, leaseMs));
    await server.restart();
    await isBack();
    expect(await redis.keys('*')).toEqual([]);
    expect(await table.renewLease(node, leaseMs)).toBe('lost');
  });

  it('opens without a server, and is there when the server comes', async () => {
    await server.kill();
    const early = await open(server.url, 'early:');
    await failure(early.lookup([ann]));
    await server.restart();
    await vi.waitFor(() => early.lookup([ann]), { timeout: 10_000, interval: 20 });
    expect(await early.renewLease(node, leaseMs)).toBe('lost');
    await early.close();
    await failure(early.lookup([ann]));
    await isBack();
  });

  it('keeps users apart whatever they are called, even by names that no key should have', async () => {
    await redis.flushall();
    await table.renewLease(node, leaseMs);
    const names = ['*', '>', 'a.b', '{', '}', '}{', 'a b', '\n', '\0', '$where', '{"$gt":""}', '__proto__'];
    names.push('x'.repeat(10_240), 'а', 'a', '..', 'node:{push-1~a}', '} p:node:{push-1~a', '%S+', "'");
    const users = names.map((name) => `t/${name}` as UserKey);
    for (const user of users) {
      await table.claim(node, [user]);
      expect([...(await table.lookup(users)).keys()]).toEqual([user]);
      await table.release(node, [user]);
    }
    expect(await redis.keys('*')).toEqual(['p:node:{push-1~a}']);
  });

  it('claims, finds and releases 10,000 users in bounded steps', async () => {
    const users = Array.from({ length: 10_000 }, (_, n) => userKey('t', `many-${n}`));
    await table.renewLease(node, leaseMs);
    await table.claim(node, users);
    expect((await table.lookup(users)).size).toBe(10_000);
    await table.release(node, users);
    expect((await table.lookup(users)).size).toBe(0);
  });
});

/** A way to the server on which answers can get lost while requests arrive. */
async function lossyWire(serverPort: number) {
  let isLosing = false;
  let isArmed = false;
  const sockets = new Set<Socket>();
  const wire = createServer((near) => {
    const far = connect(serverPort, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => {}); // Cut by this test.
    }
    near.pipe(far);
    far.on('data', (reply) => {
      if (!isLosing) near.write(reply);
      // The null of RESP3.
      if (isArmed && reply.includes('_\r\n')) isLosing = true;
    });
  });
  await new Promise<void>((resolve) => wire.listen(0, '127.0.0.1', resolve));
  return {
    port: (wire.address() as AddressInfo).port,
    loseAllAfterNull() {
      isArmed = true;
    },
    /** Ends the connections; new ones lose nothing. */
    cut() {
      isArmed = false;
      isLosing = false;
      for (const socket of sockets) socket.destroy();
    },
    close() {
      for (const socket of sockets) socket.destroy();
      wire.close();
    },
  };
}
