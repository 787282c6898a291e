// What judges the objects besides our own policies: kustomize, which renders them, kubeconform with the
// schemas of the API, and the API itself. Must never take the silence of a judge for its consent.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { runChild } from './child.ts';
import type { ControlPlane } from './control-plane.ts';
import { type Manifest, nameOf } from './manifest.ts';
import type { Programs } from './programs.ts';
import { objectsOf } from './renderer.ts';
import { schemaFile, writeSchemas } from './schemas.ts';

/** What one of them has to say; an empty list is a good verdict. */
export type Refusals = readonly string[];

interface Conformity {
  readonly resources: readonly { readonly status: string; readonly name: string; readonly msg: string }[];
  readonly summary: { readonly valid: number };
}

export class Judges {
  readonly #programs: Programs;
  readonly #api: ControlPlane;

  constructor(programs: Programs, api: ControlPlane) {
    this.#programs = programs;
    this.#api = api;
  }

  /** What kustomize makes of a folder. @throws with its own words */
  async rendered(folder: string): Promise<Manifest[]> {
    const { isGood, stdout, stderr } = await runChild(this.#programs.kubectl, ['kustomize', folder]);
    if (!isGood || stderr) throw new Error(`${folder} cannot be rendered: ${stderr.trim()}`);
    return objectsOf(stdout);
  }

  /** By the schemas; an object with a field that its schema does not name is refused. */
  async bySchema(objects: readonly Manifest[]): Promise<Refusals> {
    const { folder } = this.#api;
    const kinds = new Set(objects.map(({ apiVersion, kind }) => `${apiVersion}/${kind}`));
    writeSchemas(this.#programs.swagger, folder, kinds);
    const file = join(folder, 'objects.json');
    writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
    const location = join(folder, schemaFile);
    const flags = ['-strict', '-summary', '-verbose', '-output', 'json', '-schema-location', location];
    const { stdout, stderr } = await runChild(this.#programs.kubeconform, [...flags, file]);
    if (!stdout.startsWith('{')) throw new Error(`kubeconform gave no verdict: ${stderr.trim()}`);
    const { resources, summary } = JSON.parse(stdout) as Conformity;
    const bad = resources.filter(({ status }) => status !== 'statusValid');
    const unseen = objects.length - summary.valid - bad.length;
    return [
      ...bad.map(({ name, msg }) => `${name}: ${msg}`),
      ...(unseen === 0 ? [] : [`${unseen} objects have no verdict`]),
    ];
  }

  /** By the API, as if they were to be made now; a warning is a refusal. */
  async byApi(objects: readonly Manifest[]): Promise<Refusals> {
    const refusal = await this.#api.refusal(objects);
    return refusal === undefined ? [] : [refusal];
  }

  /** By the API as pods. It warns of what is not restricted even where it would take it: no refusal. */
  async asPods(pods: readonly Manifest[]): Promise<Refusals> {
    const refusal = await this.#api.refusal(pods, false);
    return refusal === undefined ? [] : [refusal];
  }
}

/** Objects that two renderers do not make alike, by name. */
export function differences(ours: readonly Manifest[], theirs: readonly Manifest[]): Refusals {
  const [own, real] = [byName(ours), byName(theirs)];
  const names = [...new Set([...own.keys(), ...real.keys()])];
  return names.filter((name) => !isDeepStrictEqual(own.get(name), real.get(name)));
}

function byName(objects: readonly Manifest[]): Map<string, Manifest> {
  return new Map(
    objects.map((object) => [
      `${object.apiVersion} ${nameOf(object)} in ${object.metadata.namespace}`,
      object,
    ]),
  );
}
