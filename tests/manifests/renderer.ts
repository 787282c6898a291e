// Renders our kustomizations without kustomize, so that the specs need no Go. Knows only the fields that ours
// use and must never ignore one that it does not know; `npm run manifests` holds it equal to kustomize.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { type Operation, patched } from './json-patch.ts';
import { containersOf, type Manifest, type Metadata, type Workload, workloadsOf } from './manifest.ts';

/** What is rendered, by the name of its folder in deploy/kustomize. */
export const overlays = ['base', 'overlays/dev', 'overlays/ha', 'overlays/example'] as const;
export type Overlay = (typeof overlays)[number];

const foldersDeepMax = 4;

interface Kustomization {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly resources: readonly string[];
  readonly labels?: readonly {
    readonly pairs: Readonly<Record<string, string>>;
    readonly includeTemplates: boolean;
  }[];
  readonly replicas?: readonly { readonly name: string; readonly count: number }[];
  readonly images?: readonly { readonly name: string; readonly newName?: string; readonly newTag: string }[];
  readonly patches?: readonly {
    readonly target: { readonly kind: string; readonly name?: string };
    readonly patch: string;
  }[];
}

const knownFields = [
  ...['apiVersion', 'kind', 'namespace', 'resources'],
  ...['labels', 'replicas', 'images', 'patches'],
];

/** All objects of a kustomization, in the order of its resources. @throws on a field it does not know */
export function render(folder: string, depth = 0): Manifest[] {
  if (depth > foldersDeepMax) throw new Error(`${folder}: more than ${foldersDeepMax} folders deep`);
  const kustomization = readKustomization(folder);
  const objects = kustomization.resources.flatMap((resource) => {
    const path = join(folder, resource);
    return statSync(path).isDirectory() ? render(path, depth + 1) : objectsIn(path);
  });
  for (const step of [patch, setNamespace, addLabels, setReplicas, setImages]) step(objects, kustomization);
  return objects;
}

/** The objects of a YAML text, which may hold many documents. */
export function objectsOf(text: string): Manifest[] {
  return parseAllDocuments(text, { uniqueKeys: true }).map((document) => {
    const [fault] = [...document.errors, ...document.warnings];
    if (fault) throw fault;
    return document.toJS() as Manifest;
  });
}

function objectsIn(path: string): Manifest[] {
  return objectsOf(readFileSync(path, 'utf8'));
}

function readKustomization(folder: string): Kustomization {
  const file = join(folder, 'kustomization.yaml');
  const kustomization = parse(readFileSync(file, 'utf8')) as Kustomization;
  const unknown = Object.keys(kustomization).filter((field) => !knownFields.includes(field));
  if (unknown.length > 0) throw new Error(`${file}: ${unknown.join(', ')} is not rendered here`);
  return kustomization;
}

/** What the steps below may change. */
type Draft<T> = { -readonly [K in keyof T]: T[K] extends object | undefined ? Draft<T[K]> : T[K] };

function patch(objects: Manifest[], { patches = [] }: Kustomization): void {
  for (const { target, patch: text } of patches) {
    const operations = parse(text) as unknown;
    if (!Array.isArray(operations)) throw new Error(`only lists of operations are rendered here:\n${text}`);
    const name = target.name === undefined ? /^/ : new RegExp(`^(?:${target.name})$`);
    const isMeant = ({ kind, metadata }: Manifest) => kind === target.kind && name.test(metadata.name);
    for (const [at, object] of objects.entries())
      if (isMeant(object)) objects[at] = patched(object, operations as Operation[]);
  }
}

function setNamespace(objects: Manifest[], { namespace }: Kustomization): void {
  if (namespace === undefined) return;
  for (const { kind, metadata } of objects as Draft<Manifest>[])
    if (kind === 'Namespace') metadata.name = namespace;
    else metadata.namespace = namespace;
}

function addLabels(objects: Manifest[], { labels = [] }: Kustomization): void {
  for (const { pairs, includeTemplates } of labels) {
    const label = (metadata: Draft<Pick<Metadata, 'labels'>>) => {
      metadata.labels = { ...metadata.labels, ...pairs };
    };
    for (const { metadata } of objects) label(metadata);
    if (!includeTemplates) continue;
    for (const { spec } of workloadsOf(objects)) {
      label(spec.template.metadata);
      const { volumeClaimTemplates = [] } = spec as { volumeClaimTemplates?: Manifest[] };
      for (const { metadata } of volumeClaimTemplates) label(metadata);
    }
  }
}

function setReplicas(objects: Manifest[], { replicas = [] }: Kustomization): void {
  for (const { name, count } of replicas) {
    const meant = (workloadsOf(objects) as Draft<Workload>[]).filter(
      ({ metadata }) => metadata.name === name,
    );
    if (meant.length === 0) throw new Error(`there is no ${name} to have ${count} replicas`);
    for (const { spec } of meant) spec.replicas = count;
  }
}

function setImages(objects: Manifest[], { images = [] }: Kustomization): void {
  for (const container of workloadsOf(objects).flatMap(containersOf) as Draft<{ image: string }>[]) {
    const image = images.find(({ name }) => name === container.image.replace(/:[^/]*$/, ''));
    if (image) container.image = `${image.newName ?? image.name}:${image.newTag}`;
  }
}
