// `npm run manifests`: renders every kustomization with kustomize and puts the objects before judges that
// are not ours: the schemas of the API and a real kube-apiserver. Exits with 1 when one of them refuses
// something, or takes what was planted.
import { join } from 'node:path';
import { canaries, planted } from './canaries.ts';
import { ControlPlane } from './control-plane.ts';
import { differences, Judges } from './judges.ts';
import { type Manifest, ofKind } from './manifest.ts';
import { podsOf } from './pods.ts';
import { findPrograms } from './programs.ts';
import { overlays, render } from './renderer.ts';
import { type Row, tableOf, type Verdict } from './report.ts';

const kustomize = join(import.meta.dirname, '../../deploy/kustomize');
const startedAt = performance.now();

try {
  const rows = await judgeAll();
  console.log(tableOf(rows));
  const bad = rows.filter(({ verdicts }) => Object.values(verdicts).some(({ isGood }) => !isGood));
  say(
    bad.length === 0
      ? 'all as it should be'
      : `NOT as it should be: ${bad.map(({ name }) => name).join(', ')}`,
  );
  process.exitCode = bad.length === 0 ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function judgeAll(): Promise<Row[]> {
  const programs = await findPrograms(say);
  say('starting etcd and kube-apiserver …');
  const api = await ControlPlane.start(programs);
  try {
    const judges = new Judges(programs, api);
    const rows: Row[] = [];
    for (const overlay of overlays) {
      const objects = await judges.rendered(join(kustomize, overlay));
      for (const namespace of ofKind(objects, 'Namespace')) await api.makeNamespace(namespace);
      rows.push(await judgeOverlay(judges, overlay, objects));
    }
    rows.push(...(await judgeCanaries(judges)));
    return rows;
  } finally {
    await api.stop();
  }
}

async function judgeOverlay(judges: Judges, name: string, objects: readonly Manifest[]): Promise<Row> {
  const pods = podsOf(objects);
  say(`${name}: ${objects.length} objects, ${pods.length} of them make pods`);
  const refusals = {
    kustomize: differences(render(join(kustomize, name)), objects),
    schema: await judges.bySchema([...objects, ...pods]),
    api: await judges.byApi(objects),
    pods: await judges.asPods(pods),
  };
  for (const [judge, said] of Object.entries(refusals)) for (const one of said) say(`  ${judge}: ${one}`);
  const verdict = (count: number, said: readonly string[]): Verdict =>
    said.length === 0
      ? { isGood: true, text: `${count} valid` }
      : { isGood: false, text: `${said.length} refused` };
  return {
    name,
    verdicts: {
      kustomize: verdict(objects.length, refusals.kustomize),
      schema: verdict(objects.length + pods.length, refusals.schema),
      api: verdict(objects.length, refusals.api),
      pods: verdict(pods.length, refusals.pods),
    },
  };
}

/** A good object must be taken, and the same with one fault must not. */
async function judgeCanaries(judges: Judges): Promise<Row[]> {
  say(`planting ${canaries.length} faults`);
  const objects = render(join(kustomize, 'base'));
  const good = { Deployment: ofKind(objects, 'Deployment')[0], Pod: podsOf(objects)[0] };
  const rows: Row[] = [];
  for (const canary of canaries) {
    const object = good[canary.of];
    if (!object) throw new Error(`there is no ${canary.of} to plant a fault in`);
    const verdicts: Record<string, Verdict> = {};
    for (const judge of canary.judges) {
      const ask = { schema: judges.bySchema, api: judges.byApi, pods: judges.asPods }[judge].bind(judges);
      const [said, saidOfGood] = [await ask([planted(object, canary)]), await ask([object])];
      verdicts[judge] = canaryVerdict(said.length > 0, saidOfGood.length > 0);
    }
    rows.push({ name: `planted: ${canary.title}`, verdicts });
  }
  const changed = objects.map((object, at) => (at === 0 ? { ...object, kind: 'Other' } : object));
  const verdict = canaryVerdict(differences(changed, objects).length > 0, false);
  return [...rows, { name: 'planted: rendered otherwise', verdicts: { kustomize: verdict } }];
}

function canaryVerdict(isBadRefused: boolean, isGoodRefused: boolean): Verdict {
  if (isGoodRefused) return { isGood: false, text: 'refuses all' };
  return { isGood: isBadRefused, text: isBadRefused ? 'refused' : 'TAKEN' };
}

function say(text: string): void {
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  console.log(`${String(seconds).padStart(4)} s  ${text}`);
}
