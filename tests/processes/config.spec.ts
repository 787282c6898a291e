// Proves what the real processes say of a wrong configuration, and what they wait for.
import { beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../tools/services/port.ts';
import { Command, run } from '../house/command.ts';
import { type AppName, buildApps, buildTimeoutMs, mainOf } from '../setup/built.ts';

beforeAll(buildApps, buildTimeoutMs);

const nothing = {
  MONGO_URL: '',
  REDIS_URL: '',
  NATS_URL: '',
  CARILLON_INTERNAL_PORT: '0',
  CARILLON_HTTP_PORT: '0',
};

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

  it('says in a sentence that the store does not answer', async () => {
    const env = {
      ...nothing,
      BUS_KIND: 'memory',
      LOG_LEVEL: 'silent',
      MONGO_URL: 'mongodb://127.0.0.1:1/?replicaSet=rs0',
    };
    const { code, output } = await run(mainOf('collect'), { env });
    expect(output.trim()).toBe('MongoDB cannot be reached: start it as a replica set, or correct MONGO_URL.');
    expect(code).toBe(1);
  });
});

describe('a start without Redis and NATS', () => {
  it('waits for them unready but alive, as they hold nothing that can be lost, and ends with 0', async () => {
    const addresses = { REDIS_URL: 'redis://127.0.0.1:1', NATS_URL: 'nats://127.0.0.1:1' };
    const internal = { CARILLON_INTERNAL_PORT: String(await freePort()) };
    const dispatch = new Command(mainOf('dispatch'), { env: { ...nothing, ...addresses, ...internal } });
    try {
      await dispatch.said(/"msg":"listening"/);
      const url = `http://127.0.0.1:${internal.CARILLON_INTERNAL_PORT}`;
      expect((await fetch(`${url}/livez`)).status).toBe(200);
      const readyz = await fetch(`${url}/readyz`);
      expect(readyz.status).toBe(503);
      expect(await readyz.json()).toMatchObject({
        ready: false,
        checks: { bus: 'unavailable', routes: 'unavailable' },
      });
    } finally {
      dispatch.child.kill('SIGTERM');
    }
    expect((await dispatch.ended).code).toBe(0);
  });
});
