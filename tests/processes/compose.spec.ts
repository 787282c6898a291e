// Holds docker-compose.yml and the proxy against what the services read and where they listen.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { configReference, isPortUsed, readConfig, type ServiceName, serviceNames } from '@carillon/platform';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { root } from '../house/command.ts';

interface ComposeService {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly dockerfile: string; readonly target: string };
  readonly command?: string[];
  readonly environment?: Record<string, string>;
  readonly healthcheck?: object;
  readonly stop_grace_period?: string;
}

const compose = parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8'), { merge: true }) as {
  services: Record<string, ComposeService>;
};
const services = Object.entries(compose.services);
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

// The schema refuses fields that it does not know; its formats are not among those of JSON Schema.
const schema = JSON.parse(readFileSync(join(root, 'tests/images/compose-spec.json'), 'utf8')) as object;
const isCompose = new Ajv2020({ strict: false, allErrors: true, validateFormats: false }).compile(schema);

/** What the schema says against it. */
function judge(document: object): string[] {
  if (isCompose(document)) return [];
  return (isCompose.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

/** The services of ours, with what they run. */
const ours = services.flatMap(([name, service]) => {
  return serviceNames
    .filter((known) => known === service.build?.target)
    .map((known): [string, ServiceName, ComposeService] => [name, known, service]);
});

describe('docker-compose.yml', () => {
  it('has the topology of the cluster: three members, two push nodes, one of each other', () => {
    expect(services.map(([name]) => name)).toEqual([
      ...['mongo-1', 'mongo-2', 'mongo-3', 'mongo-init', 'redis', 'nats'],
      ...['auth', 'collect', 'dispatch', 'push-1', 'push-2', 'haproxy'],
    ]);
    expect(ours.map(([, service]) => service)).toEqual(['auth', 'collect', 'dispatch', 'push', 'push']);
  });

  it('has nothing that the Compose Specification does not know', () => {
    expect(judge(compose)).toEqual([]);
  });

  it('would not pass with a field that is misspelt, unknown or of the wrong kind', () => {
    const { push, ...others } = { push: compose.services['push-1'], ...compose };
    const altered = (fields: object) => ({ ...others, services: { push: { ...push, ...fields } } });
    expect(judge(altered({}))).toEqual([]);
    expect(judge(altered({ readonly: true }))).not.toEqual([]);
    expect(judge(altered({ healthcheck: { test: ['CMD', 'true'], intervall: '5s' } }))).not.toEqual([]);
    expect(judge(altered({ depends_on: { redis: { condition: 'service_ready' } } }))).not.toEqual([]);
    expect(judge({ ...others, service: {} })).not.toEqual([]);
  });

  it('runs each image as it is, built from the target of its name', () => {
    for (const [, service, { image, build, command }] of ours) {
      expect(image).toBe(`carillon-${service}:${version}`);
      expect(build).toEqual({ context: '.', dockerfile: 'deploy/Dockerfile', target: service });
      expect(command).toBeUndefined();
    }
  });

  it('pins every image to a version', () => {
    for (const [name, { image }] of services) expect(image, name).toMatch(/:\d+\.\d+\.\d+(-[a-z]+)?$/);
  });

  it('checks the health of everything that keeps running', () => {
    for (const [name, { healthcheck }] of services) {
      if (name !== 'mongo-init') expect(healthcheck, name).toBeDefined();
    }
  });

  it.each(ours)(
    'gives %s a configuration that it takes, and nothing that it does not know',
    (name, service, { environment }) => {
      const known = new Set(configReference().map(({ env }) => env));
      expect(Object.keys(environment ?? {}).filter((env) => !known.has(env))).toEqual([]);
      const config = readConfig([service], environment ?? {});
      expect(config).toMatchObject({
        node: name,
        http: { host: '0.0.0.0' },
        internal: { host: '0.0.0.0', port: 9090 },
      });
      const { MONGO_URL: store, REDIS_URL: routes, NATS_URL: bus } = environment ?? {};
      const isGiven = { store: store !== undefined, routes: routes !== undefined, bus: bus !== undefined };
      for (const port of ['store', 'routes', 'bus'] as const) {
        expect(isGiven[port], port).toBe(isPortUsed(port, [service]));
      }
    },
  );

  it('lets every service drain to its end before it is killed', () => {
    for (const [, service, { environment, stop_grace_period: grace }] of ours) {
      const { shutdownMs } = readConfig([service], environment ?? {});
      expect(Number(/^(\d+)s$/.exec(grace ?? '')?.[1]) * 1_000).toBeGreaterThan(shutdownMs);
    }
  });

  it('routes to the ports on which the services listen', () => {
    const proxy = readFileSync(join(root, 'deploy/proxies/haproxy.cfg'), 'utf8');
    for (const [name, service, { environment }] of ours) {
      if (service === 'dispatch') continue;
      const { http, internal } = readConfig([service], environment ?? {});
      expect(proxy).toContain(`server ${name} ${name}:${http.port}`);
      expect(proxy).toContain(`check port ${internal.port}`);
    }
  });
});
