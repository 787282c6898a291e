// Every link of every page leads somewhere.
import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../house/command.ts';
import { anchorsOf, linksOf, pages, textOf } from './page.ts';

const elsewhere = /^(?:https?|mailto):/;

describe('every link', () => {
  it.each(pages())('of %s leads to a file and a heading that are there', (page) => {
    const broken = linksOf(textOf(page))
      .filter(({ target }) => !elsewhere.test(target) && !leads(page, target))
      .map(({ target, line }) => `${page}:${line}: ${target}`);
    expect(broken).toEqual([]);
  });
});

function leads(page: string, target: string): boolean {
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? page : normalize(join(dirname(page), path));
  if (file.startsWith('..') || !existsSync(join(root, file))) return false;
  return anchor === undefined || (file.endsWith('.md') && anchorsOf(textOf(file)).has(anchor));
}
