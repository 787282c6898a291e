// docker-compose.yml as the engine would render it: services with all that they inherit, as far as we use it.
// Must refuse what it does not understand rather than leave it out.
import { parse } from 'yaml';

export type Condition = 'service_started' | 'service_healthy' | 'service_completed_successfully';

export interface Mount {
  /** A volume's name, or a path below the checkout that begins with `./`. */
  readonly source: string;
  readonly target: string;
  readonly isReadOnly: boolean;
}

/** What a service may not do. */
export interface Bounds {
  /** Its root; not its volumes and what is in memory. */
  readonly isReadOnly: boolean;
  readonly hasNoCapabilities: boolean;
  readonly hasNoNewPrivileges: boolean;
  /** Paths that are in memory. */
  readonly tmpfs: readonly string[];
}

export interface ComposeService extends Bounds {
  readonly name: string;
  readonly image: string;
  /** Of deploy/Dockerfile; undefined for what others build. */
  readonly target: string | undefined;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** What to run inside, without `CMD`; undefined where nothing is asked. */
  readonly healthcheck: readonly string[] | undefined;
  readonly dependsOn: ReadonlyMap<string, Condition>;
  readonly mounts: readonly Mount[];
  /** `host:port:port` as written. */
  readonly ports: readonly string[];
  readonly graceMs: number;
}

export interface ComposeFile {
  readonly services: readonly ComposeService[];
  /** Of the one network that all share: `172.30.77.0/24`. */
  readonly subnet: string;
}

interface WrittenService {
  readonly image: string;
  readonly build?: { readonly target: string };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, { readonly condition: Condition }>>;
  readonly volumes?: readonly string[];
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly ports?: readonly string[];
  readonly stop_grace_period?: string;
}

interface WrittenFile {
  readonly services: Readonly<Record<string, WrittenService>>;
  readonly networks: Readonly<Record<string, { ipam: { config: { subnet: string }[] } }>>;
}

/**
 * Fields that we render, that say nothing of how a container runs, or that need rights which we may not
 * have.
 */
const known = new Set([
  ...['image', 'build', 'command', 'environment', 'healthcheck', 'depends_on', 'volumes', 'read_only'],
  ...['cap_drop', 'security_opt', 'tmpfs', 'ports', 'stop_grace_period', 'networks', 'restart'],
  'ulimits',
]);
const graceDefaultMs = 10_000;

/** @throws when a field is one that is not rendered here */
export function readComposeFile(text: string): ComposeFile {
  if (/\$\{?\w/.test(text)) throw new Error('docker-compose.yml has a variable, which is not rendered here.');
  const written = parse(text, { merge: true }) as WrittenFile;
  const [network] = Object.values(written.networks);
  return {
    services: Object.entries(written.services).map(([name, service]) => rendered(name, service)),
    subnet: network?.ipam.config[0]?.subnet ?? '',
  };
}

/** `10s`, `500ms` → milliseconds. */
export function durationMs(text: string): number {
  const [, count = '', unit = ''] = /^(\d+)(ms|s|m)$/.exec(text) ?? [];
  const size = { ms: 1, s: 1_000, m: 60_000 }[unit];
  if (size === undefined) throw new Error(`${text} is no duration that is understood here.`);
  return Number(count) * size;
}

function rendered(name: string, written: WrittenService): ComposeService {
  const strange = Object.keys(written).find((field) => !known.has(field));
  if (strange) throw new Error(`${name}: ${strange} is not rendered here.`);
  const { image, build, healthcheck, command = [], environment = {}, ports = [] } = written;
  const { depends_on: conditions = {}, volumes = [], stop_grace_period: grace } = written;
  return {
    name,
    image,
    target: build?.target,
    command,
    environment,
    healthcheck: healthcheck && commandOf(name, healthcheck.test),
    dependsOn: new Map(Object.entries(conditions).map(([each, { condition }]) => [each, condition])),
    mounts: volumes.map((volume) => mountOf(name, volume)),
    ports,
    graceMs: grace === undefined ? graceDefaultMs : durationMs(grace),
    ...boundsOf(written),
  };
}

function boundsOf(written: WrittenService): Bounds {
  const { read_only: isReadOnly = false, cap_drop: dropped = [], security_opt: options = [] } = written;
  return {
    isReadOnly,
    hasNoCapabilities: dropped.includes('ALL'),
    hasNoNewPrivileges: options.includes('no-new-privileges:true'),
    tmpfs: (written.tmpfs ?? []).map((each) => each.split(':')[0] ?? ''),
  };
}

function commandOf(name: string, [kind, ...command]: readonly string[]): string[] {
  if (kind !== 'CMD') throw new Error(`${name}: a health check of kind ${kind} is not rendered here.`);
  return command;
}

function mountOf(name: string, volume: string): Mount {
  const [source = '', target = '', mode = 'rw', more] = volume.split(':');
  if (target === '' || more !== undefined || !['ro', 'rw'].includes(mode))
    throw new Error(`${name}: the volume ${volume} is not understood here.`);
  return { source, target, isReadOnly: mode === 'ro' };
}
