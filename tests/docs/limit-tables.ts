// The tables of docs/reference/limits.md: every named limit that somebody outside of the code can run into,
// as the code says it. A limit that is not exported by name is none of these.
import * as api from '@carillon/api';
import { parameters } from '@carillon/domain';
import { configReference } from '@carillon/platform';
import { limits } from '@carillon/wire';
import { httpLimits } from '../../libs/platform/src/http-limits.ts';
import type { Table } from './table.ts';

/** Of a number's `allowed`; other options have no bounds. */
const bounds = /^a whole number from (\d+) to (\d+)$/;

/** One table per source; the last column is written by people. */
export function limitTables(): Readonly<Record<string, Table>> {
  const ofApi = Object.entries(api).filter(([, value]) => typeof value === 'number');
  return {
    'limits of the wire': plainTable(Object.entries(limits)),
    'limits of the API': plainTable(ofApi as [string, number][]),
    'limits of HTTP': plainTable(Object.entries(httpLimits)),
    'limits of the configuration': configTable(),
    'limits of the delivery': deliveryTable(),
  };
}

function plainTable(entries: readonly (readonly [string, number])[]): Table {
  return {
    head: ['limit', 'value', 'meaning'],
    rows: entries.map(([name, value]) => [code(name), number(value)]),
  };
}

/** The numbers of the configuration, apart from the delivery's. */
function configTable(): Table {
  const options = configReference().filter(({ path }) => !path.startsWith('delivery.'));
  const rows = options.flatMap(({ env, allowed, ...row }) => {
    const [, least, most] = bounds.exec(allowed) ?? [];
    const standard = row.default === undefined ? '' : number(Number(row.default));
    return least === undefined ? [] : [[code(env), standard, number(Number(least)), number(Number(most))]];
  });
  return { head: ['variable', 'default', 'least', 'most', 'meaning'], rows };
}

/** Every parameter, with its variable where there is one; the others are fixed. */
function deliveryTable(): Table {
  const options = new Map(
    configReference()
      .filter(({ path }) => path.startsWith('delivery.'))
      .map((row) => [row.path.slice('delivery.'.length), row]),
  );
  const rows = Object.entries(parameters).map(([name, value]) => {
    const option = options.get(name);
    const [, least, most] = bounds.exec(option?.allowed ?? '') ?? [];
    const range = least === undefined ? 'fixed' : `${number(Number(least))} to ${number(Number(most))}`;
    return [code(name), number(value), option ? code(option.env) : '', range];
  });
  return { head: ['limit', 'value', 'variable', 'allowed', 'meaning'], rows };
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}

function code(text: string): string {
  return `\`${text}\``;
}
