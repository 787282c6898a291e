// What the pages say to paste does what they say, and what they name is there.
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configReference } from '@carillon/platform';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../house/command.ts';
import { build, buildApps, buildTimeoutMs } from '../setup/built.ts';
import { chromiumPath } from '../setup/chromium.ts';
import { commandsOf, isAsSaid, isNpmBlock, makeFolder, npmFault, Reader } from './block-runner.ts';
import { type Block, blocksOf, pages, textOf } from './page.ts';

const followed = pages().filter((page) =>
  /^(?:README|CONTRIBUTING)\.md$|^docs\/(?:guide|operating)\//.test(page),
);
const guide = 'docs/guide/getting-started.md';
const variables = new Set([...configReference().map(({ env }) => env), 'UPDATE_DOCS']);
/** Said by the page, made by a program, or drawn: nothing to run. */
const outputs = ['json', 'text'];
const drawings = ['mermaid'];
const files = ['ts', 'html'];

// The guide bundles the client's build, which no app needs, and runs the command line.
beforeAll(async () => {
  await buildApps();
  await build('@carillon/client', '@carillon/cli');
}, buildTimeoutMs);

describe.each(followed)('%s', (page) => {
  const blocks = blocksOf(textOf(page));

  it('has no block that nothing checks', () => {
    const known = ['bash', ...outputs, ...drawings, ...files];
    expect(blocks.filter(({ lang }) => !known.includes(lang)).map(nameOf)).toEqual([]);
    const lost = blocks.filter(({ lang }, at) => outputs.includes(lang) && blocks[at - 1]?.lang !== 'bash');
    expect(lost.map(nameOf)).toEqual([]);
  });

  it('names scripts and variables that there are', () => {
    const lines = blocks.filter(({ lang }) => lang === 'bash').flatMap(({ text }) => commandsOf(text));
    const faults = lines.filter((line) => /\bnp[mx] /.test(line)).map((line) => npmFault(line, variables));
    expect(faults.filter(Boolean)).toEqual([]);
  });

  it('has TypeScript that compiles', { timeout: 60_000 }, () => {
    const typed = blocks.filter(({ lang }) => lang === 'ts');
    if (typed.length > 0) expect(compilerSays(typed)).toBe('');
  });
});

describe.each(followed.filter((page) => page !== guide && hasShellBlock(page)))(
  'what %s says to paste',
  (page) => {
    it('does what it says', { timeout: 120_000 }, async () => {
      const blocks = blocksOf(textOf(page));
      const reader = await Reader.begin(blocks);
      try {
        await follow(reader, blocks);
      } finally {
        await reader.end();
      }
    });
  },
);

describe(`what ${guide} says to paste`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: await chromiumPath(), args: ['--no-sandbox'] });
  }, 300_000);
  afterAll(() => browser.close());

  it('ends with a message in a page of one’s own', { timeout: 120_000 }, async () => {
    const blocks = blocksOf(textOf(guide));
    const reader = await Reader.begin(blocks);
    const backendAt = blocks.findIndex(
      ({ lang, text }) => lang === 'bash' && text.includes('node backend.ts'),
    );
    expect(backendAt).toBeGreaterThan(0);
    try {
      await follow(reader, blocks.slice(0, backendAt + 1));
      const tab = await browser.newPage();
      await opened(tab, reader.mapped('http://localhost:3000/'));
      await tab.getByText('open', { exact: true }).waitFor();
      await follow(reader, blocks.slice(backendAt + 1));
      await tab.getByText('order.paid {"orderId":772}').waitFor();
      // The one of the first step, sent before there was a page, came before it.
      expect(await tab.locator('li').allTextContents()).toEqual([
        'order.paid {"orderId":771}',
        'order.paid {"orderId":772}',
      ]);
    } finally {
      await reader.end();
    }
  });
});

describe('the comparison', () => {
  const block = (lang: string, text: string): Block => ({ lang, text, line: 1 });

  it('takes … for anything and nothing else', () => {
    expect(isAsSaid('HTTP/1.1 202 Accepted\nid: 7\n', block('text', 'HTTP/1.1 202 …'))).toBe(true);
    expect(isAsSaid('HTTP/1.1 503 …', block('text', 'HTTP/1.1 202 …'))).toBe(false);
    expect(isAsSaid('{"a":1,"b":"x1"}', block('json', '{"a": 1, "b": "x…"}'))).toBe(true);
    expect(isAsSaid('{"a":1,"b":"x1","c":2}', block('json', '{"a": 1, "b": "x…"}'))).toBe(false);
    expect(isAsSaid('{"a":2,"b":"x1"}', block('json', '{"a": 1, "b": "x…"}'))).toBe(false);
  });

  it('knows scripts and variables from what is none', () => {
    for (const line of ['npm start', 'npm run rehearsal -- --seed 7', 'LOG_LEVEL=debug npm start'])
      expect(npmFault(line, variables)).toBeUndefined();
    for (const line of ['npm run nothing', 'npm install', 'LOG_LEVL=debug npm start', 'npx cowsay'])
      expect(npmFault(line, variables), line).toBeDefined();
  });
});

/** Pastes and saves in order; a block of output is what the block before it must have said. */
async function follow(reader: Reader, blocks: readonly Block[]): Promise<void> {
  for (const [at, block] of blocks.entries()) {
    if (files.includes(block.lang)) reader.save(block);
    if (block.lang !== 'bash' || isNpmBlock(block)) continue;
    const { code, output } = await reader.paste(block);
    expect(code, `${block.text}\n${output}`).toBe(0);
    const said = blocks[at + 1];
    if (said && outputs.includes(said.lang))
      expect(isAsSaid(output, said), `${said.text}\nbut:\n${output}`).toBe(true);
    else expect(output, block.text).not.toContain('/docs/errors#');
  }
}

function hasShellBlock(page: string): boolean {
  return blocksOf(textOf(page)).some((block) => block.lang === 'bash' && !isNpmBlock(block));
}

function nameOf({ lang, line }: Block): string {
  return `line ${line}: ${lang || 'no language'}`;
}

/** What the compiler says of the blocks, against the sources of the libs. */
function compilerSays(blocks: readonly Block[]): string {
  const folder = makeFolder();
  try {
    for (const [at, { text }] of blocks.entries()) writeFileSync(join(folder, `block-${at}.ts`), text);
    const options = { rootDir: '/', typeRoots: [join(root, 'node_modules/@types')] };
    const config = {
      extends: join(root, 'tsconfig.check.json'),
      compilerOptions: options,
      include: ['block-*.ts'],
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const args = [join(root, 'node_modules/.bin/tsc'), '-p', folder];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    return status === 0 ? '' : stdout + stderr;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The backend was started a moment ago. */
async function opened(tab: Page, url: string): Promise<void> {
  await expect
    .poll(
      () =>
        tab.goto(url).then(
          () => true,
          () => false,
        ),
      { timeout: 10_000 },
    )
    .toBe(true);
}
