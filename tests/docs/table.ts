// Tables that are made from the code and stand in a page between `<!-- table: name -->` and `<!-- end -->`. A
// last column called `meaning` is written by people: it is kept by the row's first cell, and never empty.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../house/command.ts';
import { textOf } from './page.ts';

export interface Table {
  readonly head: readonly string[];
  /** Without the column `meaning`, if there is one. */
  readonly rows: readonly (readonly string[])[];
}

/** What is wrong with the page; `text` is the page as it should be. */
export interface Comparison {
  readonly text: string;
  readonly faults: readonly string[];
}

const explained = 'meaning';
const place = /<!-- table: (.+?) -->\n([\s\S]*?)<!-- end -->/g;

/** Holds a page against its tables, one place for each; with UPDATE_DOCS=1 writes it first. */
export function comparePage(page: string, tables: Readonly<Record<string, Table>>): Comparison {
  const before = textOf(page);
  const compared = compareText(before, tables);
  if (process.env.UPDATE_DOCS === '1' && compared.text !== before)
    writeFileSync(join(root, page), compared.text);
  return compared;
}

/** The same without a file. */
export function compareText(before: string, tables: Readonly<Record<string, Table>>): Comparison {
  const faults: string[] = [];
  const places = [...before.matchAll(place)].map(([, name = '']) => name);
  for (const name of Object.keys(tables)) {
    const count = places.filter((each) => each === name).length;
    if (count !== 1) faults.push(`the table "${name}" has ${count} places in the page: it needs one`);
  }
  const text = before.replace(place, (whole, name: string, old: string) => {
    const table = tables[name];
    if (!table) faults.push(`nothing makes the table "${name}"`);
    if (!table) return whole;
    const lines = linesOf(table, meaningsOf(old));
    faults.push(...emptyMeanings(table, lines).map((row) => `say in "${name}" what ${row} means`));
    return `<!-- table: ${name} -->\n${lines.map(lineOf).join('\n')}\n<!-- end -->`;
  });
  return { text, faults };
}

function linesOf({ head, rows }: Table, meanings: ReadonlyMap<string, string>): (readonly string[])[] {
  const isExplained = head.at(-1) === explained;
  const body = rows.map((row) => (isExplained ? [...row, meanings.get(row[0] ?? '') ?? ''] : row));
  return [head, head.map(() => '---'), ...body];
}

function lineOf(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('\n', ' ').replaceAll('|', '\\|')).join(' | ')} |`;
}

function emptyMeanings({ head }: Table, lines: readonly (readonly string[])[]): string[] {
  if (head.at(-1) !== explained) return [];
  return lines.filter((cells) => cells.at(-1) === '').map(([first = '']) => first);
}

function meaningsOf(old: string): Map<string, string> {
  const rows = old
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('\\|', '|')),
    );
  return new Map(rows.map((cells) => [cells[0] ?? '', cells.at(-1) ?? '']));
}
