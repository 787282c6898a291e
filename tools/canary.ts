// Proves that the linter is alive: plants violations in a copy of the checkout and expects `nx lint` to
// refuse each by name. Must never write into the checkout itself.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { trackedFiles } from './tracked-files.ts';

interface Violation {
  readonly what: string;
  readonly file: string;
  readonly code: string;
  /** What the linter must say about that file: the rule, or its message where one rule says many things. */
  readonly refusal: string;
}

const root = join(import.meta.dirname, '..');
const onlyTagged = 'can only depend on libs tagged with';
const oneHome = 'house(import-home)';
const tooLong = Array.from({ length: 61 }, (_, at) => `  use(${at});`).join('\n');
const tooComplex = Array.from({ length: 10 }, (_, at) => `  if (n === ${at}) return ${at};`).join('\n');

const violations: readonly Violation[] = [
  {
    what: 'a service imports an adapter',
    file: 'libs/services/push/src/canary-adapter.ts',
    code: "export { MemoryStore } from '@carillon/store-memory';",
    refusal: onlyTagged,
  },
  {
    what: 'a service imports another service',
    file: 'libs/services/collect/src/canary-service.ts',
    code: "import * as push from '@carillon/push';\nexport const planted = push;",
    refusal: onlyTagged,
  },
  {
    what: 'the browser SDK imports the domain',
    file: 'libs/client/src/canary-domain.ts',
    code: "import type { Entry } from '@carillon/domain';\nexport type Planted = Entry;",
    refusal: onlyTagged,
  },
  {
    what: 'a spec of an adapter imports a service',
    file: 'libs/adapters/routes-redis/src/canary.spec.ts',
    code: "import * as push from '@carillon/push';\nexport const planted = push;",
    refusal: onlyTagged,
  },
  {
    what: 'the command line imports the domain',
    file: 'apps/cli/src/canary-domain.ts',
    code: "import type { Entry } from '@carillon/domain';\nexport type Planted = Entry;",
    refusal: onlyTagged,
  },
  {
    what: 'the command line reads the environment outside its one place',
    file: 'apps/cli/src/canary-env.ts',
    code: "export const planted = process.env['CARILLON_KEY'];",
    refusal: 'node(no-process-env)',
  },
  {
    what: 'an app imports another app by path',
    file: 'apps/collect/src/canary-app.ts',
    code: "import '../../push/src/main.js';",
    refusal: 'Projects cannot be imported by a relative or absolute path',
  },
  {
    what: 'a lib is imported by a path inside it',
    file: 'libs/services/dispatch/src/canary-deep.ts',
    code: "import * as keys from '@carillon/domain/src/keys.js';\nexport const planted = keys;",
    refusal: 'A lib is imported by its name alone',
  },
  {
    what: 'a package that is not declared',
    file: 'libs/tokens/src/canary-undeclared.ts',
    code: "import * as rxjs from 'rxjs';\nexport const planted = rxjs;",
    refusal: 'Only packages defined in the "package.json" can be imported',
  },
  {
    what: 'a contract outside a spec',
    file: 'libs/adapters/routes-memory/src/canary-contract.ts',
    code: "import * as contracts from '@carillon/domain/contracts';\nexport const planted = contracts;",
    refusal: 'Contracts are for specs',
  },
  {
    what: 'the domain imports node:fs',
    file: 'libs/domain/src/canary-node.ts',
    code: "import { readFileSync } from 'node:fs';\nexport const planted = readFileSync;",
    refusal: 'Do not import Node.js builtin module',
  },
  {
    what: 'an adapter imports Nest',
    file: 'libs/adapters/bus-memory/src/canary-nest.ts',
    code: "import { Injectable } from '@nestjs/common';\nexport const planted = Injectable;",
    refusal: oneHome,
  },
  {
    what: "an adapter imports another's driver",
    file: 'libs/adapters/bus-nats/src/canary-driver.ts',
    code: "import { Redis } from 'ioredis';\nexport const planted = Redis;",
    refusal: oneHome,
  },
  {
    what: 'ws outside push/socket',
    file: 'libs/services/push/src/session/canary-ws.ts',
    code: "import { WebSocket } from 'ws';\nexport const planted = WebSocket;",
    refusal: oneHome,
  },
  {
    what: 'a cycle',
    file: 'libs/wire/src/canary-a.ts',
    code: "import { b } from './canary-b.js';\nexport const a = (): unknown => b;",
    refusal: 'Dependency cycle',
  },
  {
    what: 'the other half of the cycle',
    file: 'libs/wire/src/canary-b.ts',
    code: "import { a } from './canary-a.js';\nexport const b = (): unknown => a;",
    refusal: 'Dependency cycle',
  },
  {
    what: 'Date.now() in a service',
    file: 'libs/services/dispatch/src/canary-date.ts',
    code: 'export const planted = () => Date.now();',
    refusal: 'Ask the port Clock',
  },
  {
    what: 'a timer in a service',
    file: 'libs/services/push/src/canary-timer.ts',
    code: 'export const planted = () => setTimeout(() => undefined, 1);',
    refusal: 'Ask the port Clock',
  },
  {
    what: 'Math.random() in the domain',
    file: 'libs/domain/src/canary-random.ts',
    code: 'export const planted = () => Math.random();',
    refusal: 'Ask the port Random',
  },
  {
    what: 'process.env outside platform',
    file: 'libs/wiring/src/canary-env.ts',
    code: "export const planted = process.env['PORT'];",
    refusal: 'node(no-process-env)',
  },
  {
    what: 'a floating promise in a spec',
    file: 'libs/platform/src/canary.spec.ts',
    code: 'const planted = async () => 1;\nplanted();',
    refusal: 'no-floating-promises',
  },
  {
    what: 'any',
    file: 'libs/api/src/canary-any.ts',
    code: 'export const planted = (value: any) => value;',
    refusal: 'no-explicit-any',
  },
  {
    what: 'an enum',
    file: 'libs/wire/src/canary-enum.ts',
    code: "export enum Planted {\n  One = 'one',\n}",
    refusal: 'house(no-enum)',
  },
  {
    what: 'export *',
    file: 'libs/wire/src/canary-star.ts',
    code: "export * from './limits.js';",
    refusal: 'house(no-export-all)',
  },
  {
    what: 'a default export',
    file: 'libs/wire/src/canary-default.ts',
    code: 'export default 1;',
    refusal: 'import(no-default-export)',
  },
  {
    what: 'an empty catch',
    file: 'libs/wire/src/canary-catch.ts',
    code: 'export function planted() {\n  try {\n    JSON.parse("");\n  } catch {}\n}',
    refusal: 'no-empty',
  },
  {
    what: 'four parameters',
    file: 'libs/wire/src/canary-params.ts',
    code: 'export const planted = (a: 1, b: 1, c: 1, d: 1) => a + b + c + d;',
    refusal: 'This function has 4 parameters',
  },
  {
    what: 'seven dependencies',
    file: 'libs/platform/src/canary-constructor.ts',
    code: 'export class Planted {\n  constructor(readonly a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1) {}\n}',
    refusal: 'This constructor has 7 parameters',
  },
  {
    what: 'a long function',
    file: 'libs/platform/src/canary-function.ts',
    code: `export function planted(use: (n: number) => void) {\n${tooLong}\n}`,
    refusal: 'max-lines-per-function',
  },
  {
    what: 'a long file',
    file: 'libs/platform/src/canary-file.ts',
    code: Array.from({ length: 301 }, (_, at) => `export const n${at} = ${at};`).join('\n'),
    refusal: 'max-lines)',
  },
  {
    what: 'a complex function',
    file: 'libs/platform/src/canary-complexity.ts',
    code: `export function planted(n: number) {\n${tooComplex}\n  return n;\n}`,
    refusal: 'complexity',
  },
];

const copy = mkdtempSync(join(tmpdir(), 'carillon-canary-'));
process.on('exit', () => rmSync(copy, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(1));

copyCheckout();
for (const { file, code } of violations) {
  mkdirSync(dirname(join(copy, file)), { recursive: true });
  writeFileSync(join(copy, file), `// A planted violation.\n${code}\n`);
}
const said = lintCopy();
const missed = violations.filter(
  ({ file, refusal }) => !said.some((one) => one.file === file && one.text.includes(refusal)),
);
for (const { what, file, refusal } of missed) {
  const instead = said.filter((one) => one.file === file).map((one) => one.text);
  console.log(
    `${file}: ${what} was not refused with "${refusal}"; said: ${instead.join(' | ') || 'nothing'}`,
  );
}
console.log(`canary: ${violations.length - missed.length} of ${violations.length} violations refused`);
process.exitCode = missed.length === 0 ? 0 : 1;

/** Packages are linked, except the workspace's own, whose links must lead into the copy. */
function copyCheckout(): void {
  for (const file of trackedFiles(root)) cpSync(join(root, file), join(copy, file));
  const [from, to] = [join(root, 'node_modules'), join(copy, 'node_modules')];
  mkdirSync(join(to, '@carillon'), { recursive: true });
  for (const name of readdirSync(from))
    if (name !== '@carillon') symlinkSync(join(from, name), join(to, name));
  for (const name of readdirSync(join(from, '@carillon')))
    symlinkSync(readlinkSync(join(from, '@carillon', name)), join(to, '@carillon', name));
}

function lintCopy(): { file: string; text: string }[] {
  const outer = Object.entries(process.env).filter(([name]) => !/^(?:NX_|VITEST|FORCE_COLOR)/.test(name));
  const env = {
    ...Object.fromEntries(outer),
    NX_DAEMON: 'false',
    NX_WORKSPACE_ROOT_PATH: copy,
    NO_COLOR: '1',
  };
  const nx = join(root, 'node_modules/nx/dist/bin/nx.js');
  const args = [nx, 'run', 'carillon:lint', '--outputStyle=static'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: copy, encoding: 'utf8', env });
  if (status === 0) console.log('nx lint passed although violations were planted');
  const findings = findingsIn(stdout);
  if (findings.length === 0) console.log(stdout.slice(-2_000), stderr.slice(-2_000));
  return findings;
}

/** A finding begins with a cross, names its place as `[file:line:column]`, and ends where the next begins. */
function findingsIn(output: string): { file: string; text: string }[] {
  const blocks = stripVTControlCharacters(output).split(/^\s{1,3}[x×]\s/m);
  return blocks.flatMap((text) => {
    const file = /^\s*(?:,-|╭─)\[(.+?):\d+:\d+\]/m.exec(text)?.[1];
    return file === undefined ? [] : [{ file, text: text.replaceAll(/\s+/g, ' ').trim() }];
  });
}
