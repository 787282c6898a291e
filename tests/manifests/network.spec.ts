// The edges of the network and the public paths, each exactly as in its table.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { operations } from '@carillon/api';
import { readConfig } from '@carillon/platform';
import { limits } from '@carillon/wire';
import { describe, expect, it } from 'vitest';
import { root } from '../house/command.ts';
import { edgesOf, openPods } from './edges.ts';
import { type Operation, patched } from './json-patch.ts';
import { type IngressObject, type Manifest, nameOf, ofKind } from './manifest.ts';
import { ingressService, proxyBackend } from './paths.ts';
import { objectsIn } from './rendered.ts';
import { overlays } from './renderer.ts';

const proxy = readFileSync(join(root, 'deploy/proxies/haproxy.cfg'), 'utf8');
const dns = 'kube-system/kube-dns';
const prometheus = 'monitoring/prometheus';
const ingress = 'ingress-nginx/ingress-nginx+controller';

/** Who talks to which server. */
const toServers = [
  ...['auth', 'collect', 'push'].map((from) => `${from} > mongo:27017`),
  ...['auth', 'collect', 'dispatch', 'push'].map((from) => `${from} > nats:4222`),
  ...['dispatch', 'push'].map((from) => `${from} > redis:6379`),
];
const toNames = (...names: readonly string[]) =>
  names.flatMap((from) => [`${from} > ${dns}:53`, `${from} > ${dns}:53/UDP`]);

const own = {
  admitted: [
    ...[`${ingress} > push:8080`, `${ingress} > collect:8081`, `${ingress} > auth:8082`],
    ...['auth', 'collect', 'dispatch', 'push'].map((to) => `${prometheus} > ${to}:9090`),
  ],
  sent: [...toServers, ...toNames('auth', 'collect', 'dispatch', 'push')],
};
const init = 'mongo-init > mongo:27017';
const tables = {
  base: own,
  'overlays/ha': own,
  // The servers are outside of the cluster.
  'overlays/example': {
    ...own,
    sent: own.sent.map((edge) => edge.replace(/> (?:mongo|redis|nats):/, '> 192.0.2.0/24:')),
  },
  'overlays/dev': {
    admitted: [...own.admitted, ...toServers, init],
    sent: [...own.sent, init, ...toNames('mongo', 'mongo-init')],
  },
} as const;

describe.each(overlays)('the network of deploy/kustomize/%s', (overlay) => {
  const objects = objectsIn(overlay);

  it('has the edges of the table and no other', () => {
    const { admitted, sent } = edgesOf(objects);
    expect(admitted).toEqual([...tables[overlay].admitted].sort());
    expect(sent).toEqual([...tables[overlay].sent].sort());
  });

  it('is closed in both directions for every pod', () => {
    expect(openPods(objects)).toEqual([]);
  });

  it('takes from inside what it lets out to its own pods', () => {
    const { admitted, sent } = edgesOf(objects);
    const there = new Set(ofKind(objects, 'Deployment').map(({ metadata }) => metadata.name));
    const inside = sent.filter((edge) => there.has(/> ([\w-]+):/.exec(edge)?.[1] ?? ''));
    expect(inside.filter((edge) => !admitted.includes(edge))).toEqual([]);
  });
});

describe('the reading of policies', () => {
  const cases: readonly [string, string, Operation, string][] = [
    [
      'a rule without a sender',
      'public-to-push',
      { op: 'remove', path: '/spec/ingress/0/from' },
      'anybody > push:8080',
    ],
    [
      'a rule without ports',
      'public-to-push',
      { op: 'remove', path: '/spec/ingress/0/ports' },
      `${ingress} > push:any port`,
    ],
    [
      'a policy for all pods',
      'public-to-push',
      { op: 'replace', path: '/spec/podSelector', value: {} },
      `${ingress} > dispatch:8080`,
    ],
    [
      'any namespace',
      'public-to-push',
      { op: 'replace', path: '/spec/ingress/0/from/0/namespaceSelector', value: {} },
      'anybody/ingress-nginx+controller > push:8080',
    ],
    [
      'a network',
      'to-mongo',
      { op: 'add', path: '/spec/egress/0/to/-', value: { ipBlock: { cidr: '0.0.0.0/0' } } },
      'push > 0.0.0.0/0:27017',
    ],
    [
      'another port',
      'metrics',
      { op: 'add', path: '/spec/ingress/0/ports/-', value: { port: 8_080, protocol: 'TCP' } },
      `${prometheus} > push:8080`,
    ],
  ];

  it.each(cases)('finds %s', (...[, name, fault, edge]) => {
    const { admitted, sent } = edgesOf(planted(`NetworkPolicy/${name}`, fault));
    expect([...admitted, ...sent]).toContain(edge);
    expect([...own.admitted, ...own.sent]).not.toContain(edge);
  });

  it('finds pods that are open', () => {
    const without = (...names: readonly string[]) =>
      openPods(objectsIn('base').filter(({ metadata }) => !names.includes(metadata.name)));
    expect(without('deny-all')).toEqual([]);
    expect(without('deny-all', 'metrics')).toEqual(['dispatch: Ingress']);
    expect(without('deny-all', 'to-dns', 'to-nats', 'to-redis')).toEqual(['dispatch: Egress']);
  });
});

/** Public paths by service, those of what is still to come too; the last ones lead nowhere. */
const paths = {
  push: ['/v1/connect', '/v1/stream', '/v1/stream/ack'],
  collect: [
    ...['/v1/messages', '/v1/messages:batch', '/v1/messages/msg_1', '/v1/messages/msg_1/deliveries/42'],
    ...['/v1/topics', '/v1/topics/orders/members/42', '/v1/topics/orders/members:batch'],
    ...['/v1/users/42', '/v1/users/42:disconnect', '/v1/users/42/connections', '/v1/inbox', '/v1/inbox:read'],
    ...['/v1/jobs/1', '/v1/jobs/1:pause', '/v1/webhook-endpoints', '/v1/webhook-endpoints/1/attempts'],
    ...['/console', '/console/assets/index.js', '/openapi.json', '/docs/errors'],
  ],
  auth: ['/v1/tokens', '/v1/tokens:revoke', '/v1/keys', '/v1/keys/ck_1', '/.well-known/jwks.json'],
  nobody: [
    ...[
      '/',
      '/v1',
      '/nothing',
      '/v1/connect/x',
      '/v1/connector',
      '/v1/messagesx',
      '/v1/tokensx',
      '/consoles',
    ],
    ...['/livez', '/readyz', '/startupz', '/metrics'],
  ],
} as const;
const leads = Object.entries(paths).flatMap(([service, all]) => all.map((path) => [path, service] as const));
/** What is served today, with something in place of each parameter. */
const served = operations.map(({ path, service }) => [path.replaceAll(/\{\w+\}/g, 'x'), service] as const);

describe('the public paths', () => {
  it.each(overlays)('lead to the services of the table, and to all that is served, in %s', (overlay) => {
    const ingresses = ofKind(objectsIn(overlay), 'Ingress');
    const all = [...leads, ...served];
    expect(all.map(([path]) => [path, ingressService(ingresses, path) ?? 'nobody'])).toEqual(all);
  });

  it('lead there through HAProxy too', () => {
    expect(leads.map(([path]) => [path, proxyBackend(proxy, path) ?? 'nobody'])).toEqual(leads);
  });

  it('are those of docs/operating/running.md', () => {
    const page = readFileSync(join(root, 'docs/operating/running.md'), 'utf8');
    const [, section = ''] = page.split('### Which path leads where');
    const [table = ''] = section.split('\n#');
    const rows = [...table.matchAll(/^\| (`.+?) \| ([\w, ]+) \|$/gm)];
    const said = rows.flatMap(([, cell = '', services = '']) =>
      [...cell.matchAll(/`(\/[^`…]+)/g)].map(([, path = '']) => ({ path, services })),
    );
    expect(said.length).toBeGreaterThan(4);
    const ingresses = ofKind(objectsIn('base'), 'Ingress');
    for (const { path, services } of said) expect(services).toContain(ingressService(ingresses, path));
  });

  it('never lead to an internal port', () => {
    for (const overlay of overlays) {
      const all = pathsOf(ofKind(objectsIn(overlay), 'Ingress'));
      expect(all.filter(({ backend }) => backend.service.port.name !== 'public')).toEqual([]);
    }
  });
});

describe('the Ingresses', () => {
  const annotation = (name: string, of: string, overlay: (typeof overlays)[number] = 'base') =>
    ofKind(objectsIn(overlay), 'Ingress').find(({ metadata }) => metadata.name === of)?.metadata
      .annotations?.[`nginx.ingress.kubernetes.io/${name}`];

  it('keep a client on its node by the cookie that HAProxy uses', () => {
    expect(annotation('affinity', 'sockets')).toBe('cookie');
    expect(proxy).toContain(`cookie ${annotation('session-cookie-name', 'sockets')} insert`);
    const sockets = ofKind(objectsIn('base'), 'Ingress').filter(
      ({ metadata }) => metadata.name === 'sockets',
    );
    expect(new Set(pathsOf(sockets).map(({ backend }) => backend.service.name))).toEqual(new Set(['push']));
  });

  it('leave a socket alone for longer than three heartbeats', () => {
    const { delivery } = readConfig(['push'], { ...servers });
    for (const name of ['proxy-read-timeout', 'proxy-send-timeout'])
      expect(Number(annotation(name, 'sockets')) * 1_000).toBeGreaterThan(3 * delivery.heartbeatMs);
  });

  it('take a body that the services would take', () => {
    const [, mebibytes] = /^(\d+)m$/.exec(annotation('proxy-body-size', 'requests') ?? '') ?? [];
    expect(Number(mebibytes) * 1_024 ** 2).toBeGreaterThan(limits.bodyBytesMax);
  });
});

const servers = {
  MONGO_URL: 'mongodb://mongo:27017/?replicaSet=rs0',
  REDIS_URL: 'redis://redis:6379',
  NATS_URL: 'nats://nats:4222',
};

function planted(name: string, fault: Operation): Manifest[] {
  return objectsIn('base').map((object) => (nameOf(object) === name ? patched(object, [fault]) : object));
}

function pathsOf(ingresses: readonly IngressObject[]) {
  return ingresses.flatMap(({ spec }) => spec.rules.flatMap(({ http }) => http.paths));
}
