/** Proves what the probes and the metrics of a process answer, over real HTTP. */
import { describe, expect, it } from 'vitest';
import { Health } from './health.js';
import { type InternalServer, startInternalServer } from './internal-server.js';
import { Metrics } from './metrics.js';

const away = () => Promise.reject(new Error('canary'));
const here = () => Promise.resolve();

function started(): Health {
  const health = new Health();
  health.setStarted();
  return health;
}

describe('Health', () => {
  it('is not ready before it has started, and not any more once it drains', async () => {
    const health = new Health();
    expect(await health.readiness()).toEqual({ ready: false, checks: { process: 'starting' } });
    health.setStarted();
    expect((await health.readiness()).ready).toBe(true);
    health.setDraining();
    expect(await health.readiness()).toEqual({ ready: false, checks: { process: 'draining' } });
  });

  it('is not ready while a dependency is away, and names it without the words of its error', async () => {
    const health = started();
    health.addCheck('store', away);
    health.addCheck('bus', here);
    expect(await health.readiness()).toEqual({ ready: false, checks: { store: 'unavailable', bus: 'ok' } });
  });

  it('stays ready without a dependency that is only reported', async () => {
    const health = started();
    health.addCheck('routes', away, false);
    expect(await health.readiness()).toEqual({ ready: true, checks: { routes: 'unavailable' } });
  });

  it('waits for a dependency no longer than a second', async () => {
    const health = started();
    health.addCheck('store', () => new Promise(() => undefined));
    const startedAt = performance.now();
    expect((await health.readiness()).checks).toEqual({ store: 'no answer in 1000 ms' });
    expect(performance.now() - startedAt).toBeLessThan(1_900);
  });

  it('takes a check that throws at once for an absent dependency', async () => {
    const health = started();
    health.addCheck('store', () => {
      throw new Error('canary');
    });
    expect((await health.readiness()).ready).toBe(false);
  });
});

describe('startInternalServer', () => {
  async function withServer(use: (server: InternalServer, health: Health) => Promise<void>): Promise<void> {
    const health = new Health();
    const metrics = new Metrics();
    metrics.collectProcess();
    metrics.counter({ name: 'carillon_things_total', help: 'Things', labels: ['kind'] }).inc({ kind: 'a' });
    const server = await startInternalServer({ host: '127.0.0.1', port: 0, health, metrics });
    try {
      await use(server, health);
    } finally {
      await server.close();
    }
  }

  it('answers the probes by the state of the process', () =>
    withServer(async ({ url }, health) => {
      const status = async (path: string) => (await fetch(url + path)).status;
      expect([await status('/livez'), await status('/startupz'), await status('/readyz')]).toEqual([
        200, 503, 503,
      ]);
      health.setStarted();
      expect([await status('/livez'), await status('/startupz'), await status('/readyz')]).toEqual([
        200, 200, 200,
      ]);
      health.setDraining();
      expect([await status('/livez'), await status('/readyz')]).toEqual([200, 503]);
      expect(await (await fetch(`${url}/readyz`)).json()).toEqual({
        ready: false,
        checks: { process: 'draining' },
      });
    }));

  it('gives own metrics, those of the process, and the lag of the event loop', () =>
    withServer(async ({ url }) => {
      const answer = await fetch(`${url}/metrics`);
      expect(answer.headers.get('content-type')).toContain('text/plain');
      const text = await answer.text();
      expect(text).toContain('carillon_things_total{kind="a"} 1');
      expect(text).toContain('process_cpu_seconds_total');
      expect(text).toContain('nodejs_eventloop_lag_seconds');
    }));

  it('answers nothing else, and to nothing but GET', () =>
    withServer(async ({ url }) => {
      expect((await fetch(`${url}/`)).status).toBe(404);
      expect((await fetch(`${url}/livez`, { method: 'POST', body: 'x' })).status).toBe(405);
    }));

  it('rejects when the port is taken', () =>
    withServer(async ({ url }, health) => {
      const port = Number(new URL(url).port);
      const metrics = new Metrics();
      await expect(startInternalServer({ host: '127.0.0.1', port, health, metrics })).rejects.toMatchObject({
        code: 'EADDRINUSE',
      });
    }));
});

describe('Metrics', () => {
  it('gives one metric however often it is asked for', async () => {
    const metrics = new Metrics();
    const ask = () => metrics.counter({ name: 'carillon_same_total', help: 'Same' });
    ask().inc();
    ask().inc();
    expect(await metrics.text()).toContain('carillon_same_total 2');
  });

  it('asks a gauge for its value when it is read', async () => {
    const metrics = new Metrics();
    let value = 1;
    metrics.gauge({ name: 'carillon_now', help: 'Now', collect: () => value });
    value = 7;
    expect(await metrics.text()).toContain('carillon_now 7');
  });
});
