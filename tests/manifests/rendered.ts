// The kustomizations as the specs read them, with what each pod of ours is told. Must never hold a value that
// could be somebody's secret.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { type Config, readConfig, type ServiceName, serviceNames } from '@carillon/platform';
import { root } from '../house/command.ts';
import { containersOf, type Manifest, ofKind, type Workload } from './manifest.ts';
import { type Overlay, render } from './renderer.ts';

/** Where the Secret of a service is mounted. */
export const secretsPath = '/etc/carillon/secrets';

/** The objects of deploy/kustomize/<overlay>. */
export function objectsIn(overlay: Overlay): readonly Manifest[] {
  const objects = known.get(overlay) ?? render(join(root, 'deploy/kustomize', overlay));
  known.set(overlay, objects);
  return objects;
}

/** Rendered once; nobody changes them. */
const known = new Map<Overlay, readonly Manifest[]>();

/** The Deployments of our own services, in the order of their names. */
export function ownDeployments(objects: readonly Manifest[]): [ServiceName, Workload][] {
  return serviceNames.flatMap((service) =>
    ofKind(objects, 'Deployment')
      .filter(({ metadata }) => metadata.name === service)
      .map((workload): [ServiceName, Workload] => [service, workload]),
  );
}

/** The variables that the pods of a workload get, those of its ConfigMaps first, as Kubernetes does it. */
export function environmentOf(objects: readonly Manifest[], workload: Workload): Record<string, string> {
  const maps = new Map(ofKind(objects, 'ConfigMap').map(({ metadata, data }) => [metadata.name, data]));
  const environment: Record<string, string> = {};
  for (const { envFrom = [], env = [] } of containersOf(workload)) {
    for (const { configMapRef } of envFrom) Object.assign(environment, maps.get(configMapRef?.name ?? ''));
    for (const { name, value } of env) environment[name] = value ?? '';
  }
  return environment;
}

/** Keys that the Secret of a workload must have: the files that its variables name. */
export function secretKeys(environment: Readonly<Record<string, string>>): string[] {
  const files = Object.entries(environment).filter(([name]) => name.endsWith('_FILE'));
  const strays = files.filter(([, file]) => dirname(file) !== secretsPath);
  if (strays.length > 0) throw new Error(`${strays.join(', ')}: not in the mounted Secret`);
  return files.map(([, file]) => basename(file));
}

/**
 * The configuration of a service whose operator has made the Secret.
 * @throws ConfigInvalid as the process would
 */
export function configOf(service: ServiceName, environment: Readonly<Record<string, string>>): Config {
  const folder = mkdtempSync(join(tmpdir(), 'carillon-secrets-'));
  try {
    for (const key of secretKeys(environment)) writeFileSync(join(folder, key), exampleOf(key));
    const told = Object.entries(environment).map(([name, value]) => [
      name,
      name.endsWith('_FILE') ? join(folder, basename(value)) : value,
    ]);
    return readConfig([service], Object.fromEntries(told) as Record<string, string>);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A value of the right form for each key. */
function exampleOf(key: string): string {
  const examples: Readonly<Record<string, string>> = {
    'mongo-url': 'mongodb://mongo.example:27017/?replicaSet=rs0',
    'redis-url': 'redis://redis.example:6379',
    'nats-url': 'nats://nats.example:4222',
  };
  // A Secret often ends with a newline.
  return `${examples[key] ?? 'x'.repeat(64)}\n`;
}
