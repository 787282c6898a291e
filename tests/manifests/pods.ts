// The bare pods that workloads would make. The API judges a pod by the rules of its namespace, but a workload
// only by its form: what is not restricted must be caught here.
import type { Manifest, Workload } from './manifest.ts';
import { workloadsOf } from './manifest.ts';

/** One pod for each workload, in its namespace. */
export function podsOf(objects: readonly Manifest[]): Manifest[] {
  return workloadsOf(objects).map(podOf);
}

function podOf({ metadata, spec }: Workload): Manifest {
  const { labels } = spec.template.metadata;
  // A controller would put the claimed disk here.
  const { volumeClaimTemplates = [] } = spec as { volumeClaimTemplates?: Manifest[] };
  const disks = volumeClaimTemplates.map((claim) => ({ name: claim.metadata.name, emptyDir: {} }));
  const volumes = [...(spec.template.spec.volumes ?? []), ...disks];
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `${metadata.name}-pod`, namespace: metadata.namespace ?? '', labels: labels ?? {} },
    spec: { ...spec.template.spec, volumes },
  };
  return pod satisfies Manifest & { spec: object };
}
