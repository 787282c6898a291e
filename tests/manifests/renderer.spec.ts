// The renderer on small kustomizations. That it renders ours as kustomize does is proven by `npm run
// manifests`.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { patched } from './json-patch.ts';
import { differences } from './judges.ts';
import { render } from './renderer.ts';

const pod = { containers: [{ name: 'a', image: 'tool' }] };
const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'a' },
  spec: { replicas: 1, template: { metadata: { labels: { app: 'a' } }, spec: pod } },
};

describe('rendering', () => {
  it('lays an overlay over what it names', () => {
    const folder = kustomizations({
      under: { resources: ['a.yaml'], namespace: 'one', images: [{ name: 'tool', newTag: '1.2.3' }] },
      over: {
        resources: ['../under'],
        namespace: 'two',
        labels: [{ pairs: { of: 'us' }, includeTemplates: true }],
        replicas: [{ name: 'a', count: 3 }],
        patches: [
          { target: { kind: 'Deployment' }, patch: '[{op: add, path: /spec/minReadySeconds, value: 5}]' },
        ],
      },
    });
    expect(render(join(folder, 'over'))).toEqual([
      {
        ...deployment,
        metadata: { name: 'a', namespace: 'two', labels: { of: 'us' } },
        spec: {
          replicas: 3,
          minReadySeconds: 5,
          template: {
            metadata: { labels: { app: 'a', of: 'us' } },
            spec: { containers: [{ name: 'a', image: 'tool:1.2.3' }] },
          },
        },
      },
    ]);
  });

  it('refuses a field that it does not know', () => {
    const folder = kustomizations({ one: { resources: ['a.yaml'], secretGenerator: [] } });
    expect(() => render(join(folder, 'one'))).toThrow();
  });

  it('refuses an overlay that changes nothing', () => {
    const patch = '[{op: replace, path: /spec/paused, value: true}]';
    const folder = kustomizations({
      one: { resources: ['a.yaml'], replicas: [{ name: 'b', count: 3 }] },
      two: { resources: ['a.yaml'], patches: [{ target: { kind: 'Deployment' }, patch }] },
      three: { resources: ['../three'] },
    });
    for (const name of ['one', 'two', 'three']) expect(() => render(join(folder, name)), name).toThrow();
  });
});

describe('a patch', () => {
  it('adds to, replaces in and removes from objects and lists', () => {
    const operations = [
      { op: 'add', path: '/list/-', value: 3 },
      { op: 'add', path: '/list/0', value: 0 },
      { op: 'remove', path: '/list/1' },
      { op: 'replace', path: '/a~1b', value: 'new' },
      { op: 'remove', path: '/gone' },
    ];
    const before = { list: [1, 2], 'a/b': 'old', gone: true };
    expect(patched(before, operations)).toEqual({ list: [0, 2, 3], 'a/b': 'new' });
    expect(before).toEqual({ list: [1, 2], 'a/b': 'old', gone: true });
  });

  it.each([
    { op: 'replace', path: '/absent', value: 1 },
    { op: 'remove', path: '/absent' },
    { op: 'add', path: '/absent/child', value: 1 },
    { op: 'move', path: '/there' },
  ])('refuses $op of $path', (operation) => {
    expect(() => patched({ there: 1 }, [operation])).toThrow();
  });
});

describe('the comparison with kustomize', () => {
  it('names what differs, is missing or is too much', () => {
    const one = { apiVersion: 'v1', kind: 'A', metadata: { name: 'one', namespace: 'n' } };
    expect(differences([one], [structuredClone(one)])).toEqual([]);
    const changed = { ...one, metadata: { ...one.metadata, labels: {} } };
    for (const [ours, theirs] of [
      [[one], [changed]],
      [[one], []],
      [[], [one]],
    ] as const)
      expect(differences(ours, theirs)).toEqual(['v1 A/one in n']);
  });
});

/** Folders with a kustomization each, beside one Deployment. */
function kustomizations(all: Readonly<Record<string, object>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'carillon-kustomize-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, kustomization] of Object.entries(all)) {
    mkdirSync(join(folder, name));
    const head = { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization' };
    writeFileSync(join(folder, name, 'kustomization.yaml'), JSON.stringify({ ...head, ...kustomization }));
    writeFileSync(join(folder, name, 'a.yaml'), JSON.stringify(deployment));
  }
  return folder;
}
