// Tidy sees each kind of fault, in a folder that has one, and nothing where there is none.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { faultsIn } from '../../tools/tidy.ts';
import { root, run } from './command.ts';

const opening = '// A file.\n';
const clean: Record<string, string> = {
  '.gitignore': 'node_modules/\ndist/\n*.log\n',
  'libs/wire/package.json': '{}',
  'libs/wire/README.md': '# wire\n\nPromises frames.\n',
  'libs/wire/src/frame.ts': `${opening}export const frame = { baseUrl: 1, sharedSecret: 2 };\n`,
  'libs/wire/src/message.controller.ts': `${opening}export class MessageController {}\n`,
};

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidy-'));
  for (const [file, text] of Object.entries(clean)) plant(file, text);
});

afterEach(() => rmSync(folder, { recursive: true }));

it('finds nothing in a tidy folder', () => {
  expect(faultsIn(folder)).toEqual([]);
});

// Parts that would be faults of this very file are joined here.
const registry = ['https://registry', 'npmjs', 'org/x'].join('.');
const homePath = ['', 'home', 'ada', 'x'].join('/');

it.each([
  ['a file without an opening comment', 'libs/a.ts', 'export const a = 1;\n', 1, 'opens without'],
  [
    'a script whose first line is for the shell',
    'tools/a.mjs',
    '#!/usr/bin/env node\nrun();\n',
    2,
    'opens without',
  ],
  ['a line that is too long', 'libs/a.ts', `${opening}${'/'.repeat(111)}\n`, 2, 'is 111 characters long'],
  ['a service file by suffix', 'libs/user.service.ts', opening, 1, 'name the noun'],
  ['a dto file by suffix', 'libs/user.dto.ts', opening, 1, 'name the noun'],
  ['a file of types', 'libs/src/types.ts', opening, 1, 'name the noun'],
  ['a file of constants', 'libs/src/constants.ts', opening, 1, 'name the noun'],
  ['a file of utils', 'libs/src/utils.ts', opening, 1, 'name the noun'],
  ['a folder that says nothing', 'libs/common/src/a.ts', opening, 1, '"common" in a path'],
  ['a helper among names', 'libs/session-helper.ts', opening, 1, '"helper" in a path'],
  ['a base file', 'libs/base-store.ts', opening, 1, '"base" in a path'],
  ['a name in camel case', 'libs/userStore.ts', opening, 1, 'is not kebab-case'],
  ['a manager', 'libs/a.ts', `${opening}export class SessionManager {}\n`, 2, 'SessionManager has a word'],
  ['an implementation', 'libs/a.ts', `${opening}class StoreImpl {}\n`, 2, 'StoreImpl has a word'],
  ['a base class', 'libs/a.ts', `${opening}export abstract class BaseStore {}\n`, 2, 'BaseStore has a word'],
  ['a util function', 'libs/a.ts', `${opening}export function utilJoin() {}\n`, 2, 'utilJoin has a word'],
  [
    'a shared constant',
    'libs/a.ts',
    `${opening}export const sharedState = 1;\n`,
    2,
    'sharedState has a word',
  ],
  ['an I-prefix', 'libs/a.ts', `${opening}interface IStore {}\n`, 2, 'IStore has an I-prefix'],
  ['a registry', 'docs/a.md', `# a\n\n${registry}\n`, 3, 'names a package registry'],
  ['a path of one machine', 'deploy/a.yml', `path: ${homePath}\n`, 1, 'names a path of one machine'],
  ['a lib without a README', 'libs/b/package.json', '{}', 1, 'is missing'],
  ['a long README', 'libs/wire/README.md', 'x\n'.repeat(21), 21, 'has 21 lines, 20 are allowed'],
])('finds %s', (...[, file, text, line, sentence]) => {
  plant(file, text);
  const [fault, ...others] = faultsIn(folder);
  expect(others).toEqual([]);
  expect(fault).toMatchObject({ line, sentence: expect.stringContaining(sentence) });
  expect(fault?.file).toBe(sentence === 'is missing' ? 'libs/b/README.md' : file);
});

it('looks at nothing that git ignores', () => {
  plant('node_modules/a/utils.ts', 'x');
  plant('libs/wire/dist/utils.js', 'x');
  expect(faultsIn(folder)).toEqual([]);
});

it('prints each fault as file:line: sentence and fails', async () => {
  plant('libs/a.ts', 'export const a = 1;\n');
  const { code, output } = await run([join(root, 'tools/tidy.ts'), folder]);
  expect(code).toBe(1);
  expect(output).toMatch(/^libs\/a\.ts:1: opens without a comment/m);
});

function plant(file: string, text: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), text);
}
