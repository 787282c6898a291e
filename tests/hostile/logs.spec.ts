// Nothing that a stranger or a tenant writes reaches a log or a metric of the real standalone process, even
// at its most talkative.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildApps, buildTimeoutMs } from '../setup/built.ts';
import { canary, releaseCanaries } from './canaries.ts';
import { startVictim, type Victim } from './victim.ts';

let victim: Victim;
let output = '';
let metrics = '';
beforeAll(async () => {
  await buildApps();
  victim = await startVictim({ LOG_LEVEL: 'trace' });
  await releaseCanaries(victim.stage, victim.keys);
  metrics = await (await fetch(`${victim.running.internalUrl}/metrics`)).text();
  output = (await victim.running.end()).output;
}, buildTimeoutMs);
afterAll(() => victim?.running.remove());

describe('logs', () => {
  it('tell of the requests', () => {
    for (const part of ['"route":"/v1/messages"', '"route":"/v1/tokens"', '"status":202', '"status":422'])
      expect(output).toContain(part);
  });

  it('hold no canary', () => {
    const found = output.split('\n').filter((line) => line.includes(canary));
    expect(found).toEqual([]);
  });

  it('hold no key and no token', () => {
    for (const key of Object.values(victim.keys)) expect(output).not.toContain(key.split('_')[2]);
    expect(output).not.toContain(victim.running.adminKey);
    expect(output).not.toMatch(/eyJ[\w-]{10,}\.[\w-]+\./);
    expect(output).not.toContain('PRIVATE KEY');
  });

  it('are one JSON object per line: nobody writes a line of their own', () => {
    const from = output.indexOf('Ctrl-C stops everything');
    const lines = output
      .slice(from)
      .split('\n')
      .slice(1)
      .filter((line) => line !== '');
    expect(lines.length).toBeGreaterThan(20);
    for (const line of lines) expect(() => JSON.parse(line) as unknown, line).not.toThrow();
  });

  it('have no stack for what a client did', () => {
    expect(output).not.toMatch(/"stack"|\n\s+at /);
  });
});

describe('metrics', () => {
  it('hold no canary, no key, and no label that a stranger can multiply', () => {
    expect(metrics).toContain('carillon_connections');
    expect(metrics).not.toContain(canary);
    const routes = new Set([...metrics.matchAll(/route="([^"]*)"/g)].map(([, route]) => route));
    expect(routes.size).toBeLessThan(25);
    const methods = new Set([...metrics.matchAll(/method="([^"]*)"/g)].map(([, method]) => method));
    expect(methods.size).toBeLessThan(8);
  });
});
