// Every rule of the policies on every kustomization, and every rule on a planted fault.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../house/command.ts';
import { type Operation, patched } from './json-patch.ts';
import { containersOf, type Manifest, nameOf, ofKind, workloadsOf } from './manifest.ts';
import { faultsIn, type Rule } from './policies.ts';
import { objectsIn, ownDeployments } from './rendered.ts';
import { overlays } from './renderer.ts';

const dockerfile = readFileSync(join(root, 'deploy/Dockerfile'), 'utf8');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

describe.each(overlays)('deploy/kustomize/%s', (overlay) => {
  const objects = objectsIn(overlay);
  const isForProduction = overlay === 'overlays/ha' || overlay === 'overlays/example';

  it('has no fault that a rule knows', () => {
    expect(faultsIn(objects)).toEqual([]);
  });

  it('has every object once, in one namespace that refuses pods that are not restricted', () => {
    const names = objects.map(nameOf);
    expect(names).toEqual([...new Set(names)]);
    const [namespace, ...others] = ofKind(objects, 'Namespace');
    expect(others).toEqual([]);
    expect(namespace?.metadata.labels).toMatchObject({
      'pod-security.kubernetes.io/enforce': 'restricted',
      'app.kubernetes.io/part-of': 'carillon',
    });
    const outside = objects.filter(
      ({ kind, metadata }) => kind !== 'Namespace' && metadata.namespace !== namespace?.metadata.name,
    );
    expect(outside).toEqual([]);
  });

  it('runs each service from its own image of this version', () => {
    for (const [service, workload] of ownDeployments(objects)) {
      const [container, ...others] = containersOf(workload);
      expect(others).toEqual([]);
      const registry = overlay === 'overlays/example' ? 'images.example/' : '';
      expect(container?.image).toBe(`${registry}carillon-${service}:${version}`);
      expect([container?.command, container?.args]).toEqual([undefined, undefined]);
      expect(dockerfile).toContain(`\nFROM runtime AS ${service}\n`);
    }
  });

  it('starts a new pod of each service before an old one goes', () => {
    for (const [, { spec }] of ownDeployments(objects)) {
      expect(spec.strategy?.rollingUpdate).toMatchObject({ maxUnavailable: 0 });
    }
  });

  it('lets a node be drained, and keeps the others of each service', () => {
    const budgets = ofKind(objects, 'PodDisruptionBudget');
    for (const [service, { spec }] of ownDeployments(objects)) {
      const [budget, ...others] = budgets.filter(({ spec: { selector } }) =>
        Object.values(selector.matchLabels ?? {}).includes(service),
      );
      expect(others, service).toEqual([]);
      const { minAvailable, maxUnavailable } = budget?.spec ?? {};
      if (isForProduction) expect([minAvailable, maxUnavailable]).toEqual([2, undefined]);
      else expect([minAvailable, maxUnavailable]).toEqual([undefined, 1]);
      // The autoscaler of Collect starts with three.
      expect(spec.replicas ?? 3).toBeGreaterThan(minAvailable ?? 0);
    }
  });

  it('spreads each service over zones and machines', () => {
    for (const [, { spec }] of ownDeployments(objects)) {
      const constraints = spec.template.spec.topologySpreadConstraints ?? [];
      expect(constraints).toMatchObject([
        {
          topologyKey: 'topology.kubernetes.io/zone',
          maxSkew: 1,
          whenUnsatisfiable: isForProduction ? 'DoNotSchedule' : 'ScheduleAnyway',
          ...(isForProduction ? { minDomains: 2 } : {}),
        },
        { topologyKey: 'kubernetes.io/hostname', maxSkew: 1, whenUnsatisfiable: 'ScheduleAnyway' },
      ]);
    }
  });
});

describe('the number of pods', () => {
  const counts = (overlay: (typeof overlays)[number]) =>
    Object.fromEntries(ownDeployments(objectsIn(overlay)).map(([name, { spec }]) => [name, spec.replicas]));

  it('is two in base, less in dev, three in ha, where Collect grows by itself', () => {
    expect(counts('base')).toEqual({ auth: 2, collect: 2, dispatch: 2, push: 2 });
    expect(counts('overlays/dev')).toEqual({ auth: 1, collect: 1, dispatch: 1, push: 2 });
    expect(counts('overlays/ha')).toEqual({ auth: 3, collect: undefined, dispatch: 3, push: 3 });
    expect(ofKind(objectsIn('overlays/ha'), 'HorizontalPodAutoscaler')).toMatchObject([
      { spec: { scaleTargetRef: { kind: 'Deployment', name: 'collect' }, minReplicas: 3 } },
    ]);
  });
});

const pod = '/spec/template/spec';
const container = `${pod}/containers/0`;
const context = `${container}/securityContext`;

interface Plant {
  readonly rule: Rule;
  readonly into?: string;
  readonly fault: Operation;
}

const plants: readonly Plant[] = [
  { rule: 'restricted', fault: { op: 'add', path: `${context}/privileged`, value: true } },
  { rule: 'restricted', fault: { op: 'remove', path: `${context}/allowPrivilegeEscalation` } },
  { rule: 'restricted', fault: { op: 'replace', path: `${context}/readOnlyRootFilesystem`, value: false } },
  { rule: 'restricted', fault: { op: 'replace', path: `${context}/capabilities/drop`, value: [] } },
  { rule: 'restricted', fault: { op: 'add', path: `${context}/capabilities/add`, value: ['NET_RAW'] } },
  { rule: 'restricted', fault: { op: 'add', path: `${context}/runAsUser`, value: 1_000 } },
  { rule: 'restricted', fault: { op: 'remove', path: `${pod}/securityContext/seccompProfile` } },
  { rule: 'restricted', fault: { op: 'replace', path: `${pod}/securityContext/runAsNonRoot`, value: false } },
  { rule: 'restricted', fault: { op: 'remove', path: `${pod}/automountServiceAccountToken` } },
  { rule: 'restricted', fault: { op: 'remove', path: `${pod}/enableServiceLinks` } },
  { rule: 'restricted', fault: { op: 'add', path: `${pod}/hostNetwork`, value: true } },
  {
    rule: 'restricted',
    fault: { op: 'add', path: `${pod}/volumes/-`, value: { name: 'node', hostPath: { path: '/' } } },
  },
  { rule: 'bounded', fault: { op: 'remove', path: `${container}/resources/limits/memory` } },
  { rule: 'bounded', fault: { op: 'remove', path: `${container}/resources` } },
  { rule: 'probed', fault: { op: 'remove', path: `${container}/livenessProbe` } },
  { rule: 'probed', fault: { op: 'replace', path: `${container}/readinessProbe/httpGet/port`, value: 9091 } },
  { rule: 'pinned', fault: { op: 'replace', path: `${container}/image`, value: 'carillon-push:latest' } },
  { rule: 'pinned', fault: { op: 'replace', path: `${container}/image`, value: 'carillon-push' } },
  {
    rule: 'secretless',
    fault: { op: 'add', path: `${container}/env/-`, value: { name: 'AUTH_PEPPER', value: 'x' } },
  },
  {
    rule: 'secretless',
    into: 'ConfigMap/carillon',
    fault: { op: 'add', path: '/data/MONGO_URL', value: 'mongodb://someone:something@mongo.example' },
  },
  {
    rule: 'secretless',
    into: 'ConfigMap/carillon',
    fault: { op: 'replace', path: '/kind', value: 'Secret' },
  },
  {
    rule: 'selected',
    into: 'PodDisruptionBudget/push',
    fault: {
      op: 'replace',
      path: '/spec/selector/matchLabels',
      value: { 'app.kubernetes.io/name': 'pusher' },
    },
  },
  {
    rule: 'selected',
    into: 'Service/push',
    fault: { op: 'add', path: '/spec/selector/tier', value: 'front' },
  },
  {
    rule: 'selected',
    fault: { op: 'replace', path: '/spec/selector/matchLabels', value: { 'app.kubernetes.io/name': 'auth' } },
  },
  {
    rule: 'selected',
    fault: {
      op: 'replace',
      path: `${pod}/topologySpreadConstraints/0/labelSelector/matchLabels`,
      value: { app: 'push' },
    },
  },
  {
    rule: 'referred',
    into: 'Service/push',
    fault: { op: 'replace', path: '/spec/ports/0/targetPort', value: 'web' },
  },
  {
    rule: 'referred',
    fault: { op: 'replace', path: `${container}/envFrom/0/configMapRef/name`, value: 'settings' },
  },
  { rule: 'referred', fault: { op: 'replace', path: `${container}/volumeMounts/0/name`, value: 'files' } },
  {
    rule: 'referred',
    into: 'HorizontalPodAutoscaler/collect',
    fault: { op: 'replace', path: '/spec/scaleTargetRef/name', value: 'collector' },
  },
];

describe('the rules', () => {
  it.each(plants.map((plant) => [plant.rule, plant.fault.op, plant.fault.path, plant] as const))(
    'find what is not %s after %s %s',
    (...[rule, , , { into = 'Deployment/push', fault }]) => {
      const objects = objectsIn('overlays/ha');
      const bad = objects.map(
        (object): Manifest => (nameOf(object) === into ? patched(object, [fault]) : object),
      );
      expect(bad).not.toEqual(objects);
      expect(faultsIn(bad).map((found) => found.rule)).toContain(rule);
    },
  );

  it('judge the servers of dev too', () => {
    const objects = objectsIn('overlays/dev');
    expect(workloadsOf(objects).map(nameOf)).toEqual([
      ...['Deployment/auth', 'Deployment/collect', 'Deployment/dispatch', 'Deployment/push'],
      ...['Deployment/redis', 'Deployment/nats', 'StatefulSet/mongo', 'Job/mongo-init'],
    ]);
    const bad = objects.map(
      (object): Manifest =>
        nameOf(object) === 'StatefulSet/mongo'
          ? patched(object, [{ op: 'replace', path: `${pod}/securityContext/runAsUser`, value: 0 }])
          : object,
    );
    expect(faultsIn(bad).map(({ rule }) => rule)).toContain('restricted');
  });
});
