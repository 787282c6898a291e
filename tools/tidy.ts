// `node tools/tidy.ts [folder]`: the habits of the house that no linter rule can say. Prints each fault as
// `file:line: sentence` and fails if there is one. Must judge only what git would track.
import { readFileSync } from 'node:fs';
import { dirname, extname, join, resolve } from 'node:path';
import { trackedFiles } from './tracked-files.ts';

export interface Fault {
  /** Relative to the folder that was judged. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly sentence: string;
}

interface SourceFile {
  readonly file: string;
  readonly lines: readonly string[];
}

type Check = (source: SourceFile) => Fault[];

const lineMax = 110;
const readmeLinesMax = 20;
const codeExtensions = new Set(['.ts', '.tsx', '.mts', '.js', '.mjs']);
const proseExtensions = ['.json', '.md', '.yml', '.yaml', '.html', '.css', '.txt', '.sh', ''];
const textExtensions = new Set([...codeExtensions, ...proseExtensions]);

const vagueWords = ['Manager', 'Helper', 'Helpers', 'Util', 'Utils', 'Common', 'Shared', 'Misc', 'Impl'];
const vagueFile = new RegExp(`(^|[/.-])(${vagueWords.join('|')}|base)(?=[/.-]|$)`, 'i');
const vagueName = new RegExp(`(?:${vagueWords.join('|')})(?![a-z])|^Base[A-Z]`);
const declaration =
  /^\s*(?:(?:export|declare|abstract|async)\s+)*(?:class|interface|type|function)\s+([\w$]+)/;
const exportedValue = /^export\s+(?:const|let)\s+([\w$]+)/;
const bannedFile = /(?:\.(?:service|interface|dto)|(?:^|\/)(?:types|constants|utils))\.[cm]?tsx?$/;
const kebabFile = /^[a-z0-9]+(?:[.-][a-z0-9]+)*$/;

// Written so that this file does not find itself.
const machinePath = /(?<![\w.~-])\/(?:roo[t]|wor[k]|hom[e]\/(?!node\b)\w+|User[s]\/\w+)\//;
const registryHost =
  /\b(?:https?:)?\/\/[^\s/"']*(?:npmj[s]|pyp[i]|pythonhoste[d]|prox[y]\.golang|artifactor[y]|registr[y]\.)/i;

if (process.argv[1] === import.meta.filename)
  report(resolve(process.argv[2] ?? join(import.meta.dirname, '..')));

/** Every fault in the folder, by file and line. Reads only text that git would track. */
export function faultsIn(root: string): Fault[] {
  const files = trackedFiles(root).filter((file) => textExtensions.has(extname(file)));
  const faults = files.flatMap((file) => [...nameFaults(file), ...contentFaults(root, file)]);
  return [...faults, ...readmeFaults(root, files)];
}

function report(root: string): void {
  const faults = faultsIn(root);
  for (const { file, line, sentence } of faults) console.log(`${file}:${line}: ${sentence}`);
  console.log(faults.length === 0 ? 'tidy: no faults' : `tidy: ${faults.length} faults`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}

function contentFaults(root: string, file: string): Fault[] {
  const source = { file, lines: readFileSync(join(root, file), 'utf8').split('\n') };
  const checks: Check[] = [machineFaults];
  if (codeExtensions.has(extname(file))) checks.push(openingFaults, lengthFaults, declarationFaults);
  return checks.flatMap((check) => check(source));
}

function nameFaults(file: string): Fault[] {
  if (!codeExtensions.has(extname(file))) return [];
  const base = file.slice(file.lastIndexOf('/') + 1);
  const sentences: string[] = [];
  if (bannedFile.test(file)) sentences.push('is a name that says nothing of what is inside: name the noun');
  const vague = vagueFile.exec(file.slice(0, -extname(file).length));
  if (vague && sentences.length === 0) sentences.push(`"${vague[2]}" in a path names no job: name the noun`);
  if (!kebabFile.test(base)) sentences.push('is not kebab-case');
  return sentences.map((sentence) => ({ file, line: 1, sentence }));
}

function openingFaults({ file, lines }: SourceFile): Fault[] {
  const first = lines[0]?.startsWith('#!') ? 1 : 0;
  if (/^\s*\/[/*]/.test(lines[first] ?? '')) return [];
  return [
    { file, line: first + 1, sentence: 'opens without a comment that says what it is and must never do' },
  ];
}

function lengthFaults({ file, lines }: SourceFile): Fault[] {
  return faultsBy({ file, lines }, (line) =>
    line.length > lineMax ? `is ${line.length} characters long, ${lineMax} are allowed` : undefined,
  );
}

function declarationFaults({ file, lines }: SourceFile): Fault[] {
  return faultsBy({ file, lines }, (line) => {
    const name = (declaration.exec(line) ?? exportedValue.exec(line))?.[1];
    if (name === undefined) return undefined;
    const capitalized = name.charAt(0).toUpperCase() + name.slice(1);
    if (vagueName.test(/^[A-Z]/.test(name) ? name : capitalized.replace(/^Base(?=[A-Z])/, '')))
      return `${name} has a word in it that names no job`;
    return /^\s*(?:export\s+)?interface\s+I[A-Z][a-z]/.test(line) ? `${name} has an I-prefix` : undefined;
  });
}

function machineFaults({ file, lines }: SourceFile): Fault[] {
  return faultsBy({ file, lines }, (line) => {
    if (registryHost.test(line)) return 'names a package registry';
    return machinePath.test(line) ? 'names a path of one machine' : undefined;
  });
}

/** Each lib says in a few lines what it promises and who may import it. */
function readmeFaults(root: string, files: readonly string[]): Fault[] {
  const libs = files
    .filter((file) => file.startsWith('libs/') && file.endsWith('/package.json'))
    .map(dirname);
  return libs.flatMap((lib) => {
    const file = `${lib}/README.md`;
    if (!files.includes(file)) return [{ file, line: 1, sentence: 'is missing: say what the lib promises' }];
    const count = readFileSync(join(root, file), 'utf8').trimEnd().split('\n').length;
    if (count <= readmeLinesMax) return [];
    return [{ file, line: count, sentence: `has ${count} lines, ${readmeLinesMax} are allowed` }];
  });
}

function faultsBy({ file, lines }: SourceFile, say: (line: string) => string | undefined): Fault[] {
  return lines.flatMap((line, index) => {
    const sentence = say(line);
    return sentence === undefined ? [] : [{ file, line: index + 1, sentence }];
  });
}
