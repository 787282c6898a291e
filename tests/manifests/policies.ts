// What we ask of our manifests beyond what the API does, object by object. Each rule returns its faults and
// must judge only what it is given, so that a spec can plant a fault and see it found.
import {
  type Container,
  containersOf,
  isSelected,
  type Manifest,
  nameOf,
  ofKind,
  type SecurityContext,
  type Volume,
  type Workload,
  workloadsOf,
} from './manifest.ts';

export type Rule = 'restricted' | 'bounded' | 'probed' | 'pinned' | 'secretless' | 'selected' | 'referred';

export interface Fault {
  readonly rule: Rule;
  /** `kind/name`, with what is wrong there. */
  readonly sentence: string;
}

type Objects = readonly Manifest[];
type Check = (objects: Objects) => readonly string[];

const rules: Readonly<Record<Rule, Check>> = {
  restricted: (objects) => workloadsOf(objects).flatMap(privileges),
  bounded: (objects) => eachContainer(objects, amounts),
  probed: (objects) => workloadsOf(objects).flatMap(absentProbes),
  pinned: (objects) => eachContainer(objects, looseImage),
  secretless: secrets,
  selected: emptySelections,
  referred: brokenReferences,
};

/** Everything that is wrong with the objects, by all rules. */
export function faultsIn(objects: Objects): Fault[] {
  return Object.entries(rules).flatMap(([rule, check]) =>
    check(objects).map((sentence) => ({ rule: rule as Rule, sentence })),
  );
}

/** The uid of our own image; nobody has an account of that number. */
const ownUser = 10_001;

/** Pod Security Standards, "restricted", and more: a read-only root, no token of the API. */
function privileges(workload: Workload): string[] {
  const { spec } = workload.spec.template;
  const pod = spec.securityContext ?? {};
  const facts: Readonly<Record<string, boolean>> = {
    'its pods get a token of the API': spec.automountServiceAccountToken === false,
    'its pods get variables of Services': spec.enableServiceLinks === false,
    'its pods use the network of the node': spec.hostNetwork !== true,
    'its pods may run as root': pod.runAsNonRoot === true && (pod.runAsUser ?? 0) > 0,
    'its pods may make any system call': pod.seccompProfile?.type === 'RuntimeDefault',
    'its volumes are not only secrets and empty folders': (spec.volumes ?? []).every(isHarmless),
  };
  return [
    ...sentencesOf(workload, facts),
    ...containersOf(workload).flatMap((container) =>
      sentencesOf(workload, containerFacts(container.securityContext ?? {}, container)),
    ),
  ];
}

function containerFacts(context: SecurityContext, { name, image }: Container): Record<string, boolean> {
  const { capabilities = {} } = context;
  const isOwn = /(?:^|\/)carillon-/.test(image);
  return {
    [`${name} is privileged`]: context.privileged !== true,
    [`${name} may gain privileges`]: context.allowPrivilegeEscalation === false,
    [`${name} can write to its root`]: context.readOnlyRootFilesystem === true,
    [`${name} may run as root`]: context.runAsNonRoot === true && context.runAsUser !== 0,
    [`${name} keeps capabilities`]: capabilities.drop?.includes('ALL') === true && !capabilities.add,
    [`${name} runs as somebody else than ${ownUser}`]: !isOwn || (context.runAsUser ?? ownUser) === ownUser,
  };
}

function isHarmless(volume: Volume): boolean {
  return Object.keys(volume).every((key) => ['name', 'secret', 'emptyDir'].includes(key));
}

function amounts({ name, resources = {} }: Container): string[] {
  const { requests = {}, limits = {} } = resources;
  const isGiven = [requests, limits].every(({ cpu, memory }) => cpu && memory);
  return isGiven ? [] : [`${name} has not all of requests and limits`];
}

/** A Job ends; everything else is asked how it is. */
function absentProbes(workload: Workload): string[] {
  if (workload.kind === 'Job') return [];
  return containersOf(workload).flatMap((container) => {
    const ports = new Set((container.ports ?? []).map(({ name }): string | number => name));
    const { startupProbe, readinessProbe, livenessProbe } = container;
    const probes = { startupProbe, readinessProbe, livenessProbe };
    return Object.entries(probes)
      .filter(([, probe]) => !ports.has(probe?.httpGet?.port ?? probe?.tcpSocket?.port ?? ''))
      .map(([name]) => `${nameOf(workload)}: ${container.name} has no ${name} on a port of its own`);
  });
}

function looseImage({ name, image }: Container): string[] {
  return /:\d+\.\d+\.\d+(-[a-z]+)?$/.test(image) ? [] : [`${name}: ${image} is no fixed version`];
}

/** A name that says what it is, a user and password in an address, a key of ours. */
const secretName = /pepper|secret|password|token|admin.?key|credential/i;
const secretValue = /:\/\/[^/\s]*:[^/\s]*@|\bck_\w+_\w{20,}|-----BEGIN/;

function secrets(objects: Objects): string[] {
  const made = objects
    .filter(({ kind }) => kind === 'Secret')
    .map((object) => `${nameOf(object)} is in the tree`);
  const settings = ofKind(objects, 'ConfigMap').flatMap((map) =>
    Object.entries(map.data).map(([name, value]) => ({ at: nameOf(map), name, value })),
  );
  const variables = workloadsOf(objects).flatMap((workload) =>
    containersOf(workload)
      .flatMap(({ env = [] }) => env)
      .map(({ name, value = '' }) => ({ at: nameOf(workload), name, value })),
  );
  const told = [...settings, ...variables].filter(
    ({ name, value }) => secretValue.test(value) || (secretName.test(name) && !name.endsWith('_FILE')),
  );
  return [...made, ...told.map(({ at, name }) => `${at}: ${name} is told in the open`)];
}

/** Whoever selects pods selects some, and a workload its own. */
function emptySelections(objects: Objects): string[] {
  const workloads = workloadsOf(objects);
  const labels = workloads.map(({ spec }) => spec.template.metadata.labels ?? {});
  const own = workloads.filter(
    ({ spec }) => spec.selector && !isSelected(spec.selector, spec.template.metadata.labels),
  );
  const selectors = [
    ...ofKind(objects, 'Service').map((each) => ({ each, selector: { matchLabels: each.spec.selector } })),
    ...ofKind(objects, 'PodDisruptionBudget').map((each) => ({ each, selector: each.spec.selector })),
    ...ofKind(objects, 'NetworkPolicy').map((each) => ({ each, selector: each.spec.podSelector })),
    ...workloads.flatMap((each) =>
      (each.spec.template.spec.topologySpreadConstraints ?? []).map(({ labelSelector }) => ({
        each,
        selector: labelSelector,
      })),
    ),
  ];
  const empty = selectors.filter(({ selector }) => !labels.some((each) => isSelected(selector, each)));
  return [
    ...own.map((workload) => `${nameOf(workload)} does not select its own pods`),
    ...empty.map(({ each }) => `${nameOf(each)} selects nothing`),
  ];
}

/** What is named is there: settings, volumes, ports of Services, what an autoscaler scales. */
function brokenReferences(objects: Objects): string[] {
  const there = new Set(objects.map(nameOf));
  const fromPods = workloadsOf(objects).flatMap((workload) => {
    const { volumes = [] } = workload.spec.template.spec;
    const { volumeClaimTemplates = [] } = workload.spec as { volumeClaimTemplates?: Manifest[] };
    const disks = new Set(
      [...volumes, ...volumeClaimTemplates.map(({ metadata }) => metadata)].map(({ name }) => name),
    );
    return containersOf(workload).flatMap(({ envFrom = [], volumeMounts = [] }) => [
      ...envFrom
        .map(({ configMapRef }) => `ConfigMap/${configMapRef?.name}`)
        .filter((name) => !there.has(name)),
      ...volumeMounts.map(({ name }) => name).filter((name) => !disks.has(name)),
    ]);
  });
  const fromServices = ofKind(objects, 'Service').flatMap(({ metadata, spec }) =>
    spec.ports
      .filter(({ targetPort }) => !portsBehind(objects, spec.selector).has(targetPort))
      .map(({ targetPort }) => `Service/${metadata.name} leads to ${targetPort}`),
  );
  const fromScalers = ofKind(objects, 'HorizontalPodAutoscaler')
    .map(({ spec }) => `${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}`)
    .filter((name) => !there.has(name));
  return [...fromPods, ...fromServices, ...fromScalers].map((name) => `${name}, which is not there`);
}

function portsBehind(objects: Objects, labels: Readonly<Record<string, string>>): Set<string | number> {
  const behind = workloadsOf(objects).filter(({ spec }) =>
    isSelected({ matchLabels: labels }, spec.template.metadata.labels),
  );
  return new Set(behind.flatMap(containersOf).flatMap(({ ports = [] }) => ports.map(({ name }) => name)));
}

function eachContainer(objects: Objects, check: (container: Container) => string[]): string[] {
  return workloadsOf(objects).flatMap((workload) =>
    containersOf(workload)
      .flatMap(check)
      .map((sentence) => `${nameOf(workload)}: ${sentence}`),
  );
}

/** A sentence for each fact that does not hold: it says what is then the case. */
function sentencesOf(workload: Workload, facts: Readonly<Record<string, boolean>>): string[] {
  return Object.entries(facts)
    .filter(([, isHeld]) => !isHeld)
    .map(([sentence]) => `${nameOf(workload)}: ${sentence}`);
}
