// The files of a folder that git would track, found without git, so that a copy is seen as the checkout is.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, matchesGlob } from 'node:path';

/**
 * Paths relative to the folder, sorted. Understands the plain names and `*.ext` of its .gitignore, no more.
 */
export function trackedFiles(root: string): string[] {
  const ignoreFile = join(root, '.gitignore');
  const lines = existsSync(ignoreFile) ? readFileSync(ignoreFile, 'utf8').split('\n').filter(Boolean) : [];
  const ignored = ['.git', ...lines.map((line) => line.replace(/\/$/, ''))];
  return globSync(['**/*', '**/.*', '.ci/**/*'], {
    cwd: root,
    withFileTypes: true,
    exclude: (entry) => ignored.some((pattern) => matchesGlob(entry.name, pattern)),
  })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}
