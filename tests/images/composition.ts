// The services of docker-compose.yml as boxes on a network of their own: started in the order that their
// conditions ask for, asked for their health by the file's own checks, ended within the file's own grace.
import { chownSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Box, type BoxFacts } from './box.ts';
import type { ComposeFile, ComposeService, Mount } from './compose-file.ts';
import type { Bind } from './launch-script.ts';
import { standInFor } from './machine-program.ts';
import type { Network } from './network.ts';
import type { BuiltImage, Plan } from './plan.ts';

const healthTimeoutMs = 180_000;
/**
 * The file's own limits are for servers that run alone: what a busy machine needs says nothing about them.
 */
const checkTimeoutMs = 45_000;
const healthPollMs = 1_000;
const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface CompositionParts {
  readonly plan: Plan;
  readonly compose: ComposeFile;
  readonly network: Network;
  readonly checkout: string;
  readonly say: (text: string) => void;
}

export class Composition {
  readonly #parts: CompositionParts;
  readonly #boxes = new Map<string, Box>();
  readonly #reached = new Map<string, Promise<number>>();
  /** From the first start of anything, in order of success. */
  readonly #healthyAfterMs = new Map<string, number>();
  #startedAt = 0;

  constructor(parts: CompositionParts) {
    this.#parts = parts;
  }

  /** Milliseconds from the service's own start to its health or its end. */
  get healthyAfterMs(): ReadonlyMap<string, number> {
    return this.#healthyAfterMs;
  }

  box(name: string): Box {
    const box = this.#boxes.get(name);
    if (!box) throw new Error(`${name} was not started.`);
    return box;
  }

  /** All are healthy, or ended well, when this resolves. @throws with the last words of what is not */
  async start(): Promise<number> {
    this.#startedAt = performance.now();
    const { services } = this.#parts.compose;
    await Promise.all(services.map((service) => this.#reach(service.name)));
    return Math.round(performance.now() - this.#startedAt);
  }

  /** Ends a service as `docker compose stop` does. @returns its exit code and how long it took */
  async stop(name: string): Promise<{ code: number | null; tookMs: number }> {
    const from = performance.now();
    const code = await this.box(name).stop(this.#service(name).graceMs);
    return { code, tookMs: Math.round(performance.now() - from) };
  }

  #service(name: string): ComposeService {
    const service = this.#parts.compose.services.find((each) => each.name === name);
    if (!service) throw new Error(`docker-compose.yml has no ${name}.`);
    return service;
  }

  #reach(name: string): Promise<number> {
    const reached = this.#reached.get(name) ?? this.#up(this.#service(name));
    this.#reached.set(name, reached);
    return reached;
  }

  async #up(service: ComposeService): Promise<number> {
    await Promise.all([...service.dependsOn.keys()].map((name) => this.#reach(name)));
    const from = performance.now();
    const box = new Box(this.#factsOf(service));
    this.#boxes.set(service.name, box);
    if (service.healthcheck) await this.#untilHealthy(box, service.healthcheck);
    else await untilDone(box);
    const tookMs = Math.round(performance.now() - from);
    this.#healthyAfterMs.set(service.name, tookMs);
    this.#parts.say(`${service.name} ${service.healthcheck ? 'is healthy' : 'is done'} after ${tookMs} ms`);
    return tookMs;
  }

  async #untilHealthy(box: Box, check: readonly string[]): Promise<void> {
    const deadline = Date.now() + healthTimeoutMs;
    for (;;) {
      if (box.endCode !== undefined)
        throw new Error(`${box.name} ended with ${box.endCode}:\n${box.lastWords}`);
      const { code, output } = await box.execute(check, checkTimeoutMs);
      if (code === 0) return;
      if (Date.now() > deadline)
        throw new Error(`${box.name} does not get healthy (${output.trim()}):\n${box.lastWords}`);
      await sleep(healthPollMs);
    }
  }

  #factsOf(service: ComposeService): BoxFacts {
    const { network, plan } = this.#parts;
    const { name, tmpfs, isReadOnly, hasNoCapabilities, hasNoNewPrivileges } = service;
    const built = service.target === undefined ? undefined : plan.images[service.target];
    const own = built ? this.#ownFacts(service, built) : this.#standInFacts(service);
    const hosts: Bind = { from: network.hostsFile, to: '/etc/hosts', isReadOnly: true };
    return {
      ...own,
      name,
      network: network.namespaceOf(name),
      binds: [hosts, ...own.binds, ...service.mounts.map((mount) => this.#bindOf(mount, built?.root))],
      tmpfs: [...tmpfs],
      isReadOnly,
      user: { id: built?.image.user ?? '0:0', hasNoCapabilities, hasNoNewPrivileges },
    };
  }

  #ownFacts({ environment, command }: ComposeService, { image, root }: BuiltImage): OwnFacts {
    const chosen = command.length > 0 ? command : image.command;
    return {
      root,
      kind: 'image',
      binds: [{ from: this.#parts.network.resolvFile, to: '/etc/resolv.conf', isReadOnly: true }],
      environment: { ...image.environment, ...environment },
      cwd: image.cwd,
      command: [...image.entrypoint, ...chosen],
    };
  }

  #standInFacts({ name, image, command, environment }: ComposeService): OwnFacts {
    const { plan, checkout } = this.#parts;
    const root = join(plan.folder, `root-${name}`);
    mkdirSync(root);
    const stand = standInFor(image, command, { programs: plan.programs, checkout });
    return { root, kind: 'machine', cwd: '/', environment: { PATH: path, ...environment }, ...stand };
  }

  /** A volume begins with the owner that its place has in the image, as an engine makes it. */
  #bindOf({ source, target, isReadOnly }: Mount, imageRoot: string | undefined): Bind {
    const { plan, checkout } = this.#parts;
    if (source.startsWith('./')) return { from: join(checkout, source), to: target, isReadOnly };
    const from = join(plan.folder, `volume-${source}`);
    mkdirSync(from, { recursive: true });
    if (imageRoot !== undefined) {
      const { uid, gid } = statSync(imageRoot + target);
      chownSync(from, uid, gid);
    }
    return { from, to: target, isReadOnly };
  }
}

type OwnFacts = Pick<BoxFacts, 'root' | 'kind' | 'binds' | 'environment' | 'cwd' | 'command'>;

async function untilDone(box: Box): Promise<void> {
  const code = await box.ended;
  if (code !== 0) throw new Error(`${box.name} ended with ${code}:\n${box.lastWords}`);
}
