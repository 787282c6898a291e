/**
 * Proves that a configuration is read from its sources in order, and refused whole.
 * Secrets here hold "canary".
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parameters } from '@carillon/domain';
import { afterAll, describe, expect, it } from 'vitest';
import { ConfigInvalid, readConfig } from './config.js';
import { configReference, redactedConfig } from './config-reference.js';
import { type ServiceName, serviceNames } from './config-schema.js';
import type { Environment } from './config-sources.js';

const folder = mkdtempSync(join(tmpdir(), 'carillon-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

const cluster = {
  MONGO_URL: 'mongodb://app:mongo-secret@db-1,db-2/?replicaSet=rs0',
  REDIS_URL: 'redis://:redis-secret@cache:6379',
  NATS_URL: 'nats://nats-secret@bus:4222',
};

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function faultsOf(services: readonly ServiceName[], env: Environment): readonly string[] {
  try {
    readConfig(services, env);
  } catch (error) {
    if (error instanceof ConfigInvalid) return error.faults;
    throw error;
  }
  return [];
}

describe('readConfig', () => {
  it('runs all services together on SQLite and memory when nothing is said', () => {
    const config = readConfig(serviceNames, {});
    expect(config.store).toEqual({ kind: 'sqlite', path: join('data', 'carillon.sqlite') });
    expect([config.routes, config.bus]).toEqual([{ kind: 'memory' }, { kind: 'memory' }]);
    expect(config.http).toEqual({ host: '127.0.0.1', port: 8080, trustedProxies: [] });
    expect(config.auth.adminKeyFile).toBe(join('data', 'admin-key'));
    expect(config.auth.origins).toContain('http://localhost:8080');
    expect({ ...parameters, ttlDefaultMs: 604_800_000 }).toMatchObject(config.delivery);
  });

  it('selects the adapters by the URLs that are given', () => {
    const config = readConfig(['push'], cluster);
    expect(config.store).toEqual({ kind: 'mongo', url: cluster.MONGO_URL, database: 'carillon' });
    expect(config.routes).toEqual({ kind: 'redis', url: cluster.REDIS_URL, prefix: 'carillon:' });
    expect(config.bus).toEqual({ kind: 'nats', url: cluster.NATS_URL });
  });

  it('lets a kind win over the URLs', () => {
    const config = readConfig(serviceNames, { ...cluster, STORE_KIND: 'memory', BUS_KIND: 'memory' });
    expect([config.store.kind, config.routes.kind, config.bus.kind]).toEqual(['memory', 'redis', 'memory']);
  });

  it('demands of a single service the URLs that it uses, so that it never keeps messages to itself', () => {
    expect(faultsOf(['collect'], {})).toEqual([
      'MONGO_URL is missing: give it, or another STORE_KIND than mongo',
      'NATS_URL is missing: give it, or another BUS_KIND than nats',
    ]);
    expect(faultsOf(['dispatch'], {}).map((fault) => fault.split(' ')[0])).toEqual(['REDIS_URL', 'NATS_URL']);
    expect(faultsOf(['push'], { STORE_KIND: 'memory', ROUTES_KIND: 'memory', BUS_KIND: 'memory' })).toEqual(
      [],
    );
  });

  it('reports every fault at once, each with its name and the allowed values, and no secret', () => {
    const faults = faultsOf(['push'], {
      ...cluster,
      MONGO_URL: 'postgres://app:canary@db',
      CARILLON_HTTP_PORT: '80800',
      CARILLON_INTERNAL_PORT: 'x',
      LOG_LEVEL: 'loud',
      CARILLON_NODE: 'push.1',
      AUTH_PEPPER: 'canary',
      AUTH_ORIGINS: 'https://a.example, https://b.example/path',
    });
    expect(faults).toHaveLength(7);
    expect(faults).toContainEqual(
      'CARILLON_HTTP_PORT (http.port) is 80800 that is not allowed: give a whole number from 0 to 65535',
    );
    expect(faults.find((fault) => fault.startsWith('LOG_LEVEL'))).toContain('one of trace, debug, info');
    expect(faults.find((fault) => fault.startsWith('AUTH_ORIGINS'))).toContain('b.example/path');
    expect(faults.join()).not.toContain('canary');
  });

  it('takes the file, and the environment over the file', () => {
    const path = file(
      'some.json',
      JSON.stringify({ http: { port: 7000 }, node: 'from-file', log: { level: 'warn' } }),
    );
    const config = readConfig(['auth'], { ...cluster, CARILLON_CONFIG: path, CARILLON_NODE: 'from-env' });
    expect([config.node, config.http.port, config.log.level]).toEqual(['from-env', 7000, 'warn']);
  });

  it('names unknown and misplaced fields of the file', () => {
    const path = file(
      'odd.json',
      JSON.stringify({ http: { prot: 1 }, bus: 7, colour: 'red', push: { admission: {} } }),
    );
    const faults = faultsOf(serviceNames, { CARILLON_CONFIG: path });
    expect(faults).toContainEqual('CARILLON_CONFIG holds http.prot, which is not known');
    expect(faults).toContainEqual('CARILLON_CONFIG holds colour, which is not known');
    expect(faults).toContainEqual('CARILLON_CONFIG: bus must be an object');
    expect(faults).toHaveLength(3);
  });

  it('does not quote a file that is no JSON', () => {
    const faults = faultsOf(serviceNames, {
      CARILLON_CONFIG: file('broken.json', '{"auth":{"pepper":"canary"'),
    });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(/^CARILLON_CONFIG names .*broken\.json, which is not a JSON object$/);
  });

  it('reads a secret from the file that <NAME>_FILE names', () => {
    const path = file('pepper', `${'p'.repeat(40)}\n`);
    expect(readConfig(['auth'], { ...cluster, AUTH_PEPPER_FILE: path }).auth.pepper).toBe('p'.repeat(40));
    expect(faultsOf(['auth'], { ...cluster, AUTH_PEPPER_FILE: join(folder, 'absent') })[0]).toMatch(
      /^AUTH_PEPPER_FILE names .* cannot be read \(ENOENT\)$/,
    );
    expect(faultsOf(['auth'], { ...cluster, AUTH_PEPPER_FILE: path, AUTH_PEPPER: 'q'.repeat(40) })).toEqual([
      'AUTH_PEPPER and AUTH_PEPPER_FILE are both given: give one of them',
    ]);
  });

  it('takes an empty variable for an absent one', () => {
    const config = readConfig(serviceNames, { MONGO_URL: '', CARILLON_HTTP_PORT: '', LOG_LEVEL: '' });
    expect([config.store.kind, config.http.port, config.log.level]).toEqual(['sqlite', 8080, 'warn']);
  });

  it('refuses time-outs that are not nested', () => {
    const pair = 'DELIVERY_PUSH_TIMEOUT_MS (1500) must be less than DELIVERY_DISPATCH_ANSWER_MS (1000)';
    expect(faultsOf(serviceNames, { DELIVERY_PUSH_TIMEOUT_MS: '1500' })).toEqual([
      `${pair}, which waits for it`,
    ]);
    expect(faultsOf(serviceNames, { PUSH_DRAIN_MS: '60000' })[0]).toContain('CARILLON_SHUTDOWN_MS (40000)');
  });

  it('drains for long only where there is another node to move to', () => {
    const drainMs = (services: readonly ServiceName[], env: Environment) =>
      readConfig(services, env).push.drainMs;
    expect(drainMs(['push'], cluster)).toBe(25_000);
    expect(drainMs(serviceNames, {})).toBe(500);
    expect(drainMs(serviceNames, { PUSH_DRAIN_MS: '7000' })).toBe(7_000);
  });

  it('makes a node name that is fit for an incarnation', () => {
    expect(readConfig(['push'], cluster).node).toMatch(/^push[A-Za-z0-9_-]{0,60}$/);
  });

  it('survives a file that tries to reach the prototype', () => {
    const path = file(
      'proto.json',
      '{"__proto__":{"isPolluted":true},"http":{"__proto__":{"isPolluted":true}}}',
    );
    expect(faultsOf(serviceNames, { CARILLON_CONFIG: path }).join()).toContain('__proto__');
    expect(({} as { isPolluted?: boolean }).isPolluted).toBeUndefined();
  });
});

describe('redactedConfig', () => {
  it('hides every secret and keeps the rest', () => {
    const secrets = {
      AUTH_PEPPER: 'pepper-secret'.padEnd(40, 'x'),
      AUTH_KEY_SECRET: 'key-secret'.padEnd(40, 'x'),
      AUTH_ADMIN_KEY: 'admin-secret'.padEnd(40, 'x'),
    };
    const printed = JSON.stringify(redactedConfig(readConfig(['auth', 'push'], { ...cluster, ...secrets })));
    expect(printed).not.toContain('secret');
    expect(printed).toContain('mongodb://***@db-1,db-2/');
    expect(printed).toContain('"port":9090');
  });
});

describe('configReference', () => {
  it('lists every option once, with a description and the allowed values', () => {
    const rows = configReference();
    expect(new Set(rows.map(({ env }) => env)).size).toBe(rows.length);
    for (const row of rows) {
      expect(row.description, row.env).toMatch(/^[A-Z].*[.;]/);
      expect(row.allowed, row.env).not.toBe('');
    }
    expect(rows.find(({ env }) => env === 'DELIVERY_ANTI_ENTROPY_MS')).toMatchObject({
      path: 'delivery.antiEntropyMs',
      default: '15000',
    });
    expect(rows.filter(({ isSecret }) => isSecret).map(({ env }) => env)).toContain('AUTH_PEPPER');
  });
});
