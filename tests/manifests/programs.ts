// The programs that judge the manifests: kube-apiserver, kubectl and kubeconform, built from their Go modules
// once and kept in the user's cache folder, and etcd of this machine. Must never leave half of a build there.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { holdLock } from '../../tools/services/lock.ts';
import { programPath } from '../setup/apt.ts';
import { buildKubeconform, buildKubernetes, versions } from './go-build.ts';

export interface Programs {
  readonly apiServer: string;
  readonly kubectl: string;
  readonly kubeconform: string;
  readonly etcd: string;
  /** The API in OpenAPI 2, of the same version. */
  readonly swagger: string;
}

type Say = (text: string) => void;

/** All of them, built or installed where they are missing. @throws one sentence with the remedy */
export async function findPrograms(say: Say): Promise<Programs> {
  const etcd = await programPath({ title: 'etcd', packageName: 'etcd-server', names: ['etcd'] });
  const kubernetes = await built(`kubernetes-${versions.kubernetes}`, buildKubernetes, say);
  const kubeconform = await built(`kubeconform-${versions.kubeconform}`, buildKubeconform, say);
  return {
    etcd,
    apiServer: join(kubernetes, 'kube-apiserver'),
    kubectl: join(kubernetes, 'kubectl'),
    swagger: join(kubernetes, 'swagger.json'),
    kubeconform: join(kubeconform, 'kubeconform'),
  };
}

/** The folder of that name in the cache; what is there is complete. */
async function built(
  name: string,
  build: (folder: string, say: Say) => Promise<void>,
  say: Say,
): Promise<string> {
  const cache = cacheFolder();
  const folder = join(cache, name);
  mkdirSync(cache, { recursive: true });
  if (existsSync(folder)) return folder;
  const release = await holdLock(`${folder}.lock`);
  // What a run left that was killed while it built; nobody else builds now.
  for (const left of readdirSync(cache))
    if (left.startsWith(`${name}.`) && left !== `${name}.lock`)
      rmSync(join(cache, left), { recursive: true });
  const fresh = mkdtempSync(`${folder}.`);
  try {
    if (existsSync(folder)) return folder; // Another run built it while we waited.
    await build(fresh, say);
    renameSync(fresh, folder);
    return folder;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
    release();
  }
}

function cacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'carillon');
}
