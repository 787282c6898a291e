// What the pods are told is what the services read, and they listen where Kubernetes looks for them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  configReference,
  Health,
  isPortUsed,
  Metrics,
  type ServiceName,
  startInternalServer,
} from '@carillon/platform';
import { describe, expect, it, onTestFinished } from 'vitest';
import { root } from '../house/command.ts';
import { type Container, containersOf, ofKind, type Workload } from './manifest.ts';
import { configOf, environmentOf, objectsIn, ownDeployments, secretKeys, secretsPath } from './rendered.ts';
import { overlays } from './renderer.ts';

const reference = configReference();
const known = new Set(reference.flatMap(({ env, isSecret }) => (isSecret ? [env, `${env}_FILE`] : [env])));
const addresses = { store: 'MONGO_URL', routes: 'REDIS_URL', bus: 'NATS_URL' } as const;
const kibi = 1_024;
/** What the process needs beside its sockets and rings. */
const processBytes = 128 * kibi * kibi;
/** The budget for a connection that is authenticated, routed and idle. */
const connectionBytes = 12 * kibi;

const cases = overlays.flatMap((overlay) => {
  const objects = objectsIn(overlay);
  return ownDeployments(objects).map(([service, workload]) => ({
    overlay,
    objects,
    service,
    workload,
    environment: environmentOf(objects, workload),
  }));
});

describe.each(cases)('$service in $overlay', ({ overlay, objects, service, workload, environment }) => {
  const config = configOf(service, environment);
  const container = onlyContainer(workload);

  it('is told nothing that it does not know', () => {
    expect(Object.keys(environment).filter((name) => !known.has(name))).toEqual([]);
    const others = (['auth', 'collect', 'dispatch', 'push'] satisfies ServiceName[]).filter(
      (other) => other !== service,
    );
    const foreign = new RegExp(`^(?:${others.join('|').toUpperCase()})_`);
    expect(Object.keys(environment).filter((name) => foreign.test(name))).toEqual([]);
  });

  it('gets a configuration that it takes, and the addresses that it uses', () => {
    expect(config).toMatchObject({
      store: { kind: isPortUsed('store', [service]) ? 'mongo' : 'sqlite' },
      routes: { kind: isPortUsed('routes', [service]) ? 'redis' : 'memory' },
      bus: { kind: 'nats' },
      http: { host: '0.0.0.0' },
      internal: { host: '0.0.0.0' },
    });
    for (const port of ['store', 'routes', 'bus'] as const) {
      const isGiven = [addresses[port], `${addresses[port]}_FILE`].some((name) => name in environment);
      expect(isGiven, port).toBe(isPortUsed(port, [service]));
    }
  });

  it('reads its secrets from its own Secret, mounted for nobody else', () => {
    const { volumes = [], securityContext } = workload.spec.template.spec;
    if (overlay === 'overlays/dev') {
      expect([volumes, container.volumeMounts ?? [], secretKeys(environment)]).toEqual([[], [], []]);
      return;
    }
    const secrets = Object.keys(environment).filter((name) =>
      reference.some(({ env, isSecret }) => isSecret && env === name),
    );
    expect(secrets).toEqual([]);
    expect(volumes).toEqual([
      { name: 'secrets', secret: { secretName: `carillon-${service}`, defaultMode: 0o440 } },
    ]);
    expect(container.volumeMounts).toEqual([{ name: 'secrets', mountPath: secretsPath, readOnly: true }]);
    expect(securityContext?.fsGroup).toBe(securityContext?.runAsUser);
  });

  it('has its ports where it listens, and Services apart for public and internal', () => {
    const isPublic = service !== 'dispatch';
    expect(container.ports).toEqual([
      ...(isPublic ? [{ name: 'public', containerPort: config.http.port }] : []),
      { name: 'internal', containerPort: config.internal.port },
    ]);
    const services = ofKind(objects, 'Service')
      .filter(({ spec }) => spec.selector['app.kubernetes.io/name'] === service)
      .map(({ metadata, spec }) => ({ name: metadata.name, type: spec.type, ports: spec.ports }));
    const internal = { name: 'internal', port: config.internal.port, targetPort: 'internal' };
    const open = { name: 'public', port: config.http.port, targetPort: 'public' };
    expect(services).toEqual([
      ...(isPublic ? [{ name: service, type: undefined, ports: [open] }] : []),
      { name: `${service}-internal`, type: undefined, ports: [internal] },
    ]);
  });

  it('may drain to its end before it is killed', () => {
    const pauseMs = (container.lifecycle?.preStop?.sleep?.seconds ?? 0) * 1_000;
    expect(pauseMs).toBeGreaterThan(0);
    const graceMs = (workload.spec.template.spec.terminationGracePeriodSeconds ?? 0) * 1_000;
    expect(graceMs).toBeGreaterThan(pauseMs + config.shutdownMs);
  });

  it('has room in memory for all the sockets that it takes', () => {
    const { connectionsMax } = config.push;
    const needed = processBytes + config.delivery.ringsBytes + connectionsMax * connectionBytes;
    if (service === 'push') expect(bytesOf(container.resources?.limits?.memory)).toBeGreaterThan(needed);
  });
});

describe('the probes', () => {
  it('ask for paths that are there, each for its own', async () => {
    const health = new Health();
    health.setStarted();
    const internal = await startInternalServer({
      host: '127.0.0.1',
      port: 0,
      health,
      metrics: new Metrics(),
    });
    onTestFinished(() => internal.close());
    for (const { workload } of cases) {
      const { startupProbe, readinessProbe, livenessProbe } = onlyContainer(workload);
      const probes = [startupProbe, readinessProbe, livenessProbe].map((probe) => probe?.httpGet);
      expect(probes.map((probe) => probe?.path)).toEqual(['/startupz', '/readyz', '/livez']);
      for (const probe of probes) {
        expect(probe?.port).toBe('internal');
        expect((await fetch(internal.url + probe?.path)).status).toBe(200);
      }
    }
  });
});

describe('docs/operating/install.md', () => {
  const page = readFileSync(join(root, 'docs/operating/install.md'), 'utf8');

  it('names every key of every Secret, and no other', () => {
    const rows = [...page.matchAll(/^\| `(carillon-\w+)` \| (.+?) \|/gm)];
    const said = Object.fromEntries(
      rows.map(([, secret = '', keys = '']) => [
        secret,
        [...keys.matchAll(/`([\w-]+)`/g)].map(([, key]) => key),
      ]),
    );
    const needed = cases.filter(({ overlay }) => overlay === 'base');
    expect(said).toEqual(
      Object.fromEntries(
        needed.map(({ service, environment }) => [`carillon-${service}`, secretKeys(environment)]),
      ),
    );
  });
});

function onlyContainer(workload: Workload): Container {
  const [container, ...others] = containersOf(workload);
  if (!container || others.length > 0) throw new Error(`${workload.metadata.name} has not one container`);
  return container;
}

function bytesOf(amount = ''): number {
  const [, count, unit = ''] = /^(\d+)(Mi|Gi)$/.exec(amount) ?? [];
  return Number(count) * kibi ** (unit === 'Gi' ? 3 : 2);
}
