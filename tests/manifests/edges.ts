// Who may talk to whom, read from the NetworkPolicies, one line for each edge. What a policy leaves open is
// an edge too ("anybody", "any port"), so that nothing is lost on the way to the table.
import { isSelected, type Manifest, type NetworkRule, ofKind, type Peer, workloadsOf } from './manifest.ts';

/** `from > to:port`. `admitted`: what the receivers let in; `sent`: what the senders let out. */
export interface Edges {
  readonly admitted: readonly string[];
  readonly sent: readonly string[];
}

type Objects = readonly Manifest[];

const name = 'app.kubernetes.io/name';

/** All edges, sorted, each once. Inside of the namespace an edge counts only where both sides hold it. */
export function edgesOf(objects: Objects): Edges {
  const policies = ofKind(objects, 'NetworkPolicy');
  const edges = policies.map(({ spec }) => {
    const own = podsOf(objects, spec.podSelector);
    return {
      admitted: (spec.ingress ?? []).flatMap((rule) => pairs(peersOf(objects, rule.from), own, rule)),
      sent: (spec.egress ?? []).flatMap((rule) => pairs(own, peersOf(objects, rule.to), rule)),
    };
  });
  return {
    admitted: sorted(edges.flatMap(({ admitted }) => admitted)),
    sent: sorted(edges.flatMap(({ sent }) => sent)),
  };
}

/** Pods for which one of the two directions is still open to everybody. */
export function openPods(objects: Objects): string[] {
  const policies = ofKind(objects, 'NetworkPolicy');
  const pods = workloadsOf(objects).map(({ spec }) => spec.template.metadata.labels ?? {});
  return ['Ingress', 'Egress'].flatMap((direction) =>
    pods
      .filter(
        (labels) =>
          !policies.some(
            ({ spec }) => closes(spec.policyTypes, direction) && isSelected(spec.podSelector, labels),
          ),
      )
      .map((labels) => `${labels[name]}: ${direction}`),
  );
}

function closes(policyTypes: readonly string[], direction: string): boolean {
  return policyTypes.includes(direction);
}

function pairs(from: readonly string[], to: readonly string[], { ports }: NetworkRule): string[] {
  const open = ports?.map(({ port, protocol }) => (protocol === 'TCP' ? `${port}` : `${port}/${protocol}`));
  return from.flatMap((one) =>
    to.flatMap((other) => (open ?? ['any port']).map((port) => `${one} > ${other}:${port}`)),
  );
}

function peersOf(objects: Objects, peers: readonly Peer[] | undefined): string[] {
  if (peers === undefined || peers.length === 0) return ['anybody'];
  return peers.flatMap((peer) => peerNames(objects, peer));
}

/** In another namespace `namespace/pod`; in ours the pods that there are, else the name that is asked for. */
function peerNames(objects: Objects, { podSelector, namespaceSelector, ipBlock }: Peer): string[] {
  if (ipBlock) return [ipBlock.cidr];
  if (podSelector === undefined) return ['anybody'];
  if (namespaceSelector === undefined) {
    const found = podsOf(objects, podSelector);
    return found.length > 0 ? found : [labelsOf(podSelector)];
  }
  return [`${labelsOf(namespaceSelector)}/${labelsOf(podSelector)}`];
}

function labelsOf({ matchLabels = {}, matchExpressions = [] }: NonNullable<Peer['podSelector']>): string {
  const values = [...Object.values(matchLabels), ...matchExpressions.flatMap(({ values: all = [] }) => all)];
  return values.join('+') || 'anybody';
}

function podsOf(objects: Objects, selector: NonNullable<Peer['podSelector']>): string[] {
  return workloadsOf(objects)
    .map(({ spec }) => spec.template.metadata.labels ?? {})
    .filter((labels) => isSelected(selector, labels))
    .map((labels) => labels[name] ?? 'a pod without a name');
}

function sorted(edges: readonly string[]): string[] {
  return [...new Set(edges)].sort();
}
