// Builds the judges from their Go modules. `go install` refuses k8s.io/kubernetes for its replace
// directives; a module that repeats them does not. Must never use another version than the ones named here.
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { searchPath } from '../../tools/services/binary.ts';
import { type ChildOptions, runChild } from './child.ts';

/** What is built; also the name of its folder in the cache. */
export const versions = { kubernetes: 'v1.36.3', kubeconform: 'v0.8.0' } as const;

type Say = (text: string) => void;

const buildTimeoutMs = 3_000_000;
const goMinorMin = 21;
const progressMs = 15_000;
const kubernetesModule = 'k8s.io/kubernetes';
const wrapperModule = 'carillon.example/judges';

/** kube-apiserver, kubectl and swagger.json into the folder: about four minutes on two cores. */
export async function buildKubernetes(folder: string, say: Say): Promise<void> {
  const work = join(folder, 'work');
  mkdirSync(work);
  const source = await step(say, `fetching Kubernetes ${versions.kubernetes}`, () => download(work));
  writeFileSync(join(work, 'go.mod'), wrapperOf(readFileSync(join(source, 'go.mod'), 'utf8')));
  writeFileSync(join(work, 'tools.go'), importsOfPrograms);
  await step(say, 'resolving its modules', () => go(['mod', 'tidy', '-e'], work));
  for (const program of ['kubectl', 'kube-apiserver']) {
    const args = ['build', '-ldflags', linkerFlags(), '-o', join(folder, program)];
    const build = () => go([...args, `${kubernetesModule}/cmd/${program}`], work);
    await step(say, `building ${program}`, build);
  }
  copyFileSync(join(source, 'api/openapi-spec/swagger.json'), join(folder, 'swagger.json'));
  rmSync(work, { recursive: true });
}

/** kubeconform into the folder. */
export async function buildKubeconform(folder: string, say: Say): Promise<void> {
  const package_ = `github.com/yannh/kubeconform/cmd/kubeconform@${versions.kubeconform}`;
  const install = () => go(['install', package_], folder, { GOBIN: folder });
  await step(say, `building kubeconform ${versions.kubeconform}`, install);
}

async function download(work: string): Promise<string> {
  writeFileSync(join(work, 'go.mod'), `module ${wrapperModule}\n`);
  const said = await go(['mod', 'download', '-json', `${kubernetesModule}@${versions.kubernetes}`], work);
  return (JSON.parse(said) as { Dir: string }).Dir;
}

/** A module of our own that replaces the staging modules by the published ones of the same release. */
function wrapperOf(goMod: string): string {
  const goVersion = /^go (\S+)/m.exec(goMod)?.[1] ?? '';
  const staging = [...goMod.matchAll(/^\s*(\S+) => \.\/staging\//gm)].map(([, name]) => name);
  const published = versions.kubernetes.replace(/^v1\./, 'v0.');
  return [
    `module ${wrapperModule}`,
    `go ${goVersion}`,
    `require ${kubernetesModule} ${versions.kubernetes}`,
    ...staging.map((name) => `replace ${name} => ${name} ${published}`),
    '',
  ].join('\n\n');
}

/** Commands cannot be imported; the packages that they consist of can. */
const importsOfPrograms = `//go:build tools

package judges

import (
	_ "k8s.io/kubectl/pkg/cmd"
	_ "k8s.io/kubernetes/cmd/kube-apiserver/app"
)
`;

function linkerFlags(): string {
  const [major, minor] = versions.kubernetes.slice(1).split('.');
  const values = { gitVersion: versions.kubernetes, gitMajor: major, gitMinor: minor };
  const set = Object.entries(values).map(
    ([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`,
  );
  return ['-s', '-w', ...set].join(' ');
}

async function go(args: readonly string[], cwd: string, env: ChildOptions['env'] = {}): Promise<string> {
  const path = searchPath('go');
  const version = path ? (await runChild(path, ['env', 'GOVERSION'], { cwd })).stdout : '';
  // From 1.21 on Go fetches the newer Go that a module asks for.
  if (!path || Number(/^go1\.(\d+)/.exec(version)?.[1] ?? 0) < goMinorMin)
    throw new Error('Go is missing or too old: install Go 1.26 or newer (https://go.dev/dl) and try again.');
  const own = { CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false -mod=mod', ...env };
  const outcome = await runChild(path, args, { cwd, env: own, timeoutMs: buildTimeoutMs, isNice: true });
  if (outcome.isGood) return outcome.stdout;
  throw new Error(`go ${args[0]} failed: ${outcome.stderr.trim().slice(-2_000)}`);
}

/** Says what is being done, again and again while it lasts. */
async function step<T>(say: Say, what: string, work: () => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  const seconds = () => Math.round((performance.now() - startedAt) / 1_000);
  say(`${what} …`);
  const ticker = setInterval(() => say(`  still ${what}, ${seconds()} s`), progressMs);
  try {
    return await work();
  } finally {
    clearInterval(ticker);
    say(`  ${what}: ${seconds()} s`);
  }
}
