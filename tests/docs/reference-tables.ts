// The tables of the reference, as the code says them: options, limits, close codes, frames, dependencies.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ConfigReferenceRow, configReference } from '@carillon/platform';
import {
  closeCodes,
  closeVerdict,
  decodeClientFrame,
  decodeServerFrame,
  fieldCodes,
  limits,
  nameRule,
} from '@carillon/wire';
import { root } from '../house/command.ts';
import type { Table } from './table.ts';

type Tables = Readonly<Record<string, Table>>;

/** One table per slice of the configuration; `options general` are those of no slice. */
export function optionTables(): Tables {
  const slices = Map.groupBy(configReference(), ({ path }) =>
    path.includes('.') ? (path.split('.')[0] ?? '') : 'general',
  );
  const head = ['variable', 'in the file', 'default', 'allowed', 'what it is'];
  const table = (rows: readonly ConfigReferenceRow[]): Table => ({ head, rows: rows.map(optionRow) });
  return Object.fromEntries([...slices].map(([slice, rows]) => [`options ${slice}`, table(rows)]));
}

function optionRow({ env, path, allowed, description, isSecret, ...row }: ConfigReferenceRow): string[] {
  const standard = row.default === undefined ? '' : code(row.default);
  return [code(env), code(path), standard, allowed, isSecret ? `${description} Secret.` : description];
}

/** What both ends of a socket know. */
export function wireTables(): Tables {
  const verdicts = { stop: 'do not reconnect', 'back-off': 'back off', reconnect: 'reconnect' } as const;
  return {
    limits: {
      head: ['limit', 'value', 'meaning'],
      rows: Object.entries(limits).map(([name, value]) => [code(name), value.toLocaleString('en-US')]),
    },
    'close codes': {
      head: ['code', 'name', 'verdict', 'meaning'],
      rows: Object.entries(closeCodes).map(([name, number]) => [
        String(number),
        code(name),
        verdicts[closeVerdict(number)],
      ]),
    },
    ...frameTables(),
  };
}

/** `errors[].code` of a refused request. */
export function fieldCodeTables(): Tables {
  const rows = Object.entries(fieldCodes).map(([name, title]) => [code(name), title]);
  return { 'field codes': { head: ['code', 'says'], rows } };
}

type Frame = Readonly<Record<string, unknown>>;

interface Fixture {
  readonly direction: 'client' | 'server';
  readonly decoded: Frame & { readonly type: string };
}

/** Tells the variants of one frame apart; each has its own table, so it is what the examples say. */
const variant = 'ok';

/** From the golden frames and the decoder: which fields there are, which must be there, what each must be. */
function frameTables(): Tables {
  const file = join(root, 'libs/wire/fixtures/valid.json');
  const fixtures = JSON.parse(readFileSync(file, 'utf8')) as Fixture[];
  const kinds = Map.groupBy(fixtures, ({ direction, decoded: { type, ok } }) =>
    [direction, type, ...(ok === undefined ? [] : [ok ? 'success' : 'failure'])].join(' '),
  );
  const tables = [...kinds].map(([kind, examples]) => {
    const longest = examples.toSorted((one, other) => size(other) - size(one));
    const frame: Frame = Object.assign({}, ...longest.toReversed().map(({ decoded }) => decoded));
    const names = Object.keys({ ...longest[0]?.decoded, ...frame }).filter((name) => name !== 'type');
    const decode = kind.startsWith('client') ? decodeClientFrame : decodeServerFrame;
    return [kind, { head: ['field', '', 'rule', 'meaning'], rows: names.map(rowOf(frame, decode)) }] as const;
  });
  return Object.fromEntries(tables.filter(([, { rows }]) => rows.length > 0));
}

function size({ decoded }: Fixture): number {
  return Object.keys(decoded).length;
}

function rowOf(frame: Frame, decode: typeof decodeClientFrame | typeof decodeServerFrame) {
  const accepts = (changed: Frame) => decode(JSON.stringify(changed));
  return (name: string): string[] => {
    const isOptional = accepts({ ...frame, [name]: undefined }).ok;
    if (name === variant) return [code(name), isOptional ? 'optional' : 'required', String(frame[name])];
    const refusals = wrongValues.map((value) => accepts({ ...frame, [name]: value })).filter(({ ok }) => !ok);
    const [refusal] = refusals as readonly { readonly reason: string }[];
    const prefix = `${String(frame.type)}.${name} `;
    if (!refusal?.reason.startsWith(prefix)) throw new Error(`no value of ${prefix}is refused`);
    const rule = refusal.reason.slice(prefix.length).replace(`: ${nameRule}`, '').replaceAll('must be ', '');
    return [code(name), isOptional ? 'optional' : 'required', rule];
  };
}

/** Of each rule at least one value is not allowed. */
const wrongValues: readonly unknown[] = [null, -1, JSON.parse(`${'['.repeat(40)}${']'.repeat(40)}`)];

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const namedMax = 4;

/** What every package.json asks for from outside of the house. */
export function dependencyTables(): Tables {
  const files = globSync('{.,apps/*,libs/*,libs/*/*,examples/*,tests}/package.json', {
    cwd: root,
    exclude: (file) => file.includes('node_modules'),
  });
  const manifests = files.map((file) => JSON.parse(readFileSync(join(root, file), 'utf8')) as Manifest);
  const runtime = (manifest: Manifest) =>
    isShipped(manifest) ? Object.keys(manifest.dependencies ?? {}) : [];
  const development = (manifest: Manifest) => [
    ...Object.keys({ ...manifest.devDependencies, ...manifest.optionalDependencies }),
    ...(isShipped(manifest) ? [] : Object.keys(manifest.dependencies ?? {})),
  ];
  return {
    'dependencies at run time': dependencyTable(manifests, runtime),
    'dependencies of development': dependencyTable(manifests, development),
  };
}

/** Tests and the demo page are no part of what runs in production. */
function isShipped({ name }: Manifest): boolean {
  return name !== '@carillon/tests' && name !== '@carillon/demo';
}

function dependencyTable(manifests: readonly Manifest[], of: (manifest: Manifest) => string[]): Table {
  const users = new Map<string, string[]>();
  for (const manifest of manifests) {
    for (const name of of(manifest).filter((each) => !each.startsWith('@carillon/')))
      users.set(name, [...(users.get(name) ?? []), manifest.name.replace('@carillon/', '')]);
  }
  const rows = [...users].sort(([one], [other]) => (one < other ? -1 : 1));
  return {
    head: ['package', 'used by', 'meaning'],
    rows: rows.map(([name, by]) => [
      code(name),
      by.length > namedMax ? `${by.length} packages` : by.sort().join(', '),
    ]),
  };
}

function code(text: string): string {
  return `\`${text}\``;
}
