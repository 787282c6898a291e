/**
 * Makes one module of the simulation and of the real sources it runs, with the patches of a mutant. Fails
 * when the text that a patch replaces is gone or not unique.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Plugin, rolldown } from 'rolldown';

export interface Patch {
  /** Path from the root of the repository. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, '.tools/simulation');

const made = new Set<string>();
process.once('exit', () => {
  for (const file of made) rmSync(file, { force: true });
});

/** @returns the path of the bundle, which lasts as long as this process. */
export async function bundle(name: string, patches: readonly Patch[] = []): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const applied = new Set<Patch>();
  const build = await rolldown({
    input: join(root, 'tests/simulation/world-entry.ts'),
    cwd: root,
    platform: 'node',
    external: (id) => !/^(?:\.|\/|\0|@carillon\/|@oxc-project\/|mongoose$)/.test(id),
    resolve: {
      conditionNames: ['@carillon/source', 'node', 'import', 'default'],
      extensionAlias: { '.js': ['.ts', '.js'] },
    },
    tsconfig: join(root, 'tsconfig.base.json'),
    plugins: [driver, patching(patches, applied)],
    onLog: (level, log, handler) => {
      if (log.code !== 'CIRCULAR_DEPENDENCY' && log.code !== 'CONFIGURATION_FIELD_CONFLICT')
        handler(level, log);
    },
  });
  const hash = createHash('sha256').update(`${name} ${process.pid}`).digest('hex').slice(0, 12);
  const file = join(folder, `${name}-${hash}.mjs`);
  made.add(file);
  await build.write({ file, format: 'esm', codeSplitting: false });
  await build.close();
  const unused = patches.find((patch) => !applied.has(patch));
  if (unused) throw new Error(`${name}: ${unused.file} is not part of the simulation`);
  return file;
}

/** Of mongoose only the classes of its driver's errors are needed here. */
const driver: Plugin = {
  name: 'driver',
  resolveId: (id) => (id === 'mongoose' ? '\0driver' : null),
  load: (id) =>
    id === '\0driver'
      ? "import * as mongo from 'mongodb'; class MongooseError extends Error {}" +
        ' export { mongo }; export default { mongo, MongooseError };'
      : null,
};

function patching(patches: readonly Patch[], applied: Set<Patch>): Plugin {
  return {
    name: 'patches',
    load(id) {
      const own = patches.filter(({ file }) => file === relative(root, id));
      if (own.length === 0) return null;
      let code = readFileSync(id, 'utf8');
      for (const patch of own) {
        const count = code.split(patch.find).length - 1;
        if (count !== 1) throw new Error(`${patch.file} holds ${count} times, not once: ${patch.find}`);
        code = code.replace(patch.find, () => patch.replace);
        applied.add(patch);
      }
      return { code, moduleType: 'ts' };
    },
  };
}
