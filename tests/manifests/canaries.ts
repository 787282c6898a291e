// Faults planted in good objects. A judge that takes one of them, or takes the good object as little as the
// bad one, proves nothing about our manifests.
import { type Operation, patched } from './json-patch.ts';
import type { Manifest } from './manifest.ts';

/** Which judges must refuse it: kubeconform by its schema, the API, the API as a pod in its namespace. */
export interface Canary {
  readonly title: string;
  readonly judges: readonly ('schema' | 'api' | 'pods')[];
  readonly of: 'Deployment' | 'Pod';
  readonly fault: Operation;
}

const container = '/spec/template/spec/containers/0';

export const canaries: readonly Canary[] = [
  {
    title: 'a field that nobody knows',
    judges: ['schema', 'api'],
    of: 'Deployment',
    fault: { op: 'add', path: `${container}/livenessProb`, value: {} },
  },
  {
    title: 'a wrong type',
    judges: ['schema', 'api'],
    of: 'Deployment',
    fault: { op: 'replace', path: '/spec/replicas', value: 'two' },
  },
  {
    title: 'a selector that takes none of its pods',
    judges: ['api'],
    of: 'Deployment',
    fault: {
      op: 'replace',
      path: '/spec/selector/matchLabels',
      value: { 'app.kubernetes.io/name': 'other' },
    },
  },
  {
    title: 'a privileged container',
    judges: ['pods'],
    of: 'Pod',
    // All of it, for the API itself refuses `privileged` beside `allowPrivilegeEscalation: false`.
    fault: { op: 'replace', path: '/spec/containers/0/securityContext', value: { privileged: true } },
  },
  {
    title: 'a container that may run as root',
    judges: ['pods'],
    of: 'Pod',
    fault: { op: 'replace', path: '/spec/containers/0/securityContext/runAsNonRoot', value: false },
  },
];

/** The good object with the fault in it. */
export function planted(good: Manifest, { fault }: Canary): Manifest {
  return patched(good, [fault]);
}
