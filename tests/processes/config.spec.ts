import { beforeAll, describe, expect, it } from 'vitest';
import { run } from '../house/command.ts';
import { type AppName, buildApps, mainOf } from './built.ts';

beforeAll(buildApps, 180_000);

const nothing = { MONGO_URL: '', REDIS_URL: '', NATS_URL: '', CARILLON_INTERNAL_PORT: '0', CARILLON_HTTP_PORT: '0' };

describe('a wrong configuration', () => {
  it.each<[AppName, string[]]>([
    ['auth', ['MONGO_URL', 'NATS_URL']],
    ['collect', ['MONGO_URL', 'NATS_URL']],
    ['dispatch', ['REDIS_URL', 'NATS_URL']],
    ['push', ['MONGO_URL', 'REDIS_URL', 'NATS_URL']],
  ])('%s names every address that it lacks, and ends with 1', async (app, missing) => {
    const { code, output } = await run(mainOf(app), { env: nothing });
    expect(code).toBe(1);
    expect([...output.matchAll(/(\w+) is missing/g)].map(([, name]) => name)).toEqual(missing);
  });

  it('is told whole, with every allowed value and without a secret', async () => {
    const env = {
      CARILLON_HTTP_PORT: '99999',
      LOG_LEVEL: 'loud',
      AUTH_PEPPER: 'canary',
      MONGO_URL: 'http://app:canary@db',
      DELIVERY_ACK_WINDOW: '65',
      PUSH_DRAIN_MS: 'soon',
    };
    const { code, output } = await run(mainOf('standalone'), { env });
    expect(code).toBe(1);
    expect(output).toContain('The configuration has 6 fault(s):');
    for (const name of Object.keys(env)) expect(output).toContain(`${name} (`);
    expect(output).toContain('one of trace, debug, info, warn, error, silent');
    expect(output).toContain('a whole number from 1 to 64');
    expect(output).not.toContain('canary');
  });

  it.each<[AppName, string, RegExp]>([
    ['auth', 'MONGO_URL', /MongoDB cannot be reached: start it as a replica set, or correct MONGO_URL\./],
    ['dispatch', 'REDIS_URL', /Redis cannot be reached: start it, or correct REDIS_URL\./],
    ['dispatch', 'NATS_URL', /NATS cannot be reached: start it, or correct NATS_URL\./],
  ])('%s says in a sentence that nothing answers at %s', async (app, name, sentence) => {
    const schemes: Record<string, string> = { MONGO_URL: 'mongodb', REDIS_URL: 'redis', NATS_URL: 'nats' };
    const kinds = { STORE_KIND: 'memory', ROUTES_KIND: 'memory', BUS_KIND: 'memory' };
    const own: Record<string, string> = { MONGO_URL: 'STORE_KIND', REDIS_URL: 'ROUTES_KIND', NATS_URL: 'BUS_KIND' };
    const env = { ...nothing, ...kinds, [own[name] ?? '']: '', [name]: `${schemes[name]}://127.0.0.1:1` };
    const { code, output } = await run(mainOf(app), { env: { ...env, LOG_LEVEL: 'silent' } });
    expect(output).toMatch(sentence);
    expect(code).toBe(1);
  });
});
