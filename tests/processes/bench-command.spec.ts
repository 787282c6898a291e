// `carillon bench` as a person runs it, against the process of `npm start`: what it finds, what it prints
// where, how it ends, and that its report opens in a browser.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../tools/services/port.ts';
import { Command, plainEnvironment, root } from '../house/command.ts';
import { build, buildTimeoutMs, mainOf } from '../setup/built.ts';
import { chromiumPath } from '../setup/chromium.ts';

const timeout = 60_000;
/** Of this client's address. */
const socketsMax = 30;
const durations = {
  count: expect.any(Number),
  meanMs: expect.any(Number),
  p50Ms: expect.any(Number),
  p90Ms: expect.any(Number),
  p99Ms: expect.any(Number),
  maxMs: expect.any(Number),
  slices: expect.arrayContaining([{ uptoMs: expect.any(Number), count: expect.any(Number) }]),
};

let folder: string;
let url: string;
let key: string;
let server: Command;
let browser: Browser;

beforeAll(async () => {
  await build('@carillon/standalone-app', '@carillon/cli');
  folder = mkdtempSync(join(tmpdir(), 'carillon-bench-'));
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  const env = {
    ...{ MONGO_URL: '', REDIS_URL: '', NATS_URL: '' },
    CARILLON_HTTP_PORT: String(port),
    CARILLON_INTERNAL_PORT: '0',
    PUSH_SOCKETS_PER_ADDRESS_MAX: String(socketsMax),
  };
  server = new Command(mainOf('standalone'), { cwd: folder, env, outlivesTest: true });
  await server.said(/Ctrl-C stops everything/);
  key = readFileSync(join(folder, 'data/admin-key'), 'utf8').trim();
  browser = await chromium.launch({ executablePath: await chromiumPath(), args: ['--no-sandbox'] });
}, buildTimeoutMs);

afterAll(async () => {
  await browser?.close();
  server?.child.kill('SIGKILL');
  await server?.ended;
  rmSync(folder, { recursive: true });
});

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** In the folder of the server, and with no key but the one that is given. */
function start(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [join(root, 'apps/cli/dist/main.js'), 'bench', ...args], {
    cwd: folder,
    env: { ...plainEnvironment(), CARILLON_KEY: '', ...env },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, ended: endOf(child) };
}

async function endOf(child: ChildProcess): Promise<Ended> {
  const [out, err] = [child.stdout?.toArray(), child.stderr?.toArray()];
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out: ((await out) ?? []).join(''), err: ((await err) ?? []).join('') };
}

const bench = (...args: readonly string[]) => start(['--key-file', 'data/admin-key', ...args]).ended;

describe('carillon bench', () => {
  it('finds every message in order and once, says so as JSON alone, and writes a page', {
    timeout,
  }, async () => {
    const args = ['--sockets', '20', '--messages', '200', '--workers', '2', '--seed', '7'];
    const { code, out, err } = await bench('--url', url, ...args, '--json', '--report', 'bench.html');
    expect([code, err]).toEqual([
      0,
      expect.stringMatching(/^Opening 20 .*\nPosting 200 .*\nThe report is in /),
    ]);
    const result = JSON.parse(out) as unknown;
    expect(result).toEqual({
      verdict: { isOk: true, endedEarly: false, faults: [] },
      plan: {
        ...{ mode: 'end-to-end', url, sockets: 20, rate: 200, durationMs: 3_600_000, messages: 200 },
        ...{ batch: 1, bytes: 128, concurrency: 16, workers: 2, seed: 7, run: expect.any(String) },
      },
      sockets: {
        ...{ asked: 20, opened: 20, refused: {}, dropped: {}, reconnects: 0 },
        ...{ perSecond: expect.any(Number), welcome: durations },
      },
      posts: {
        ...{ posted: 200, accepted: 200, abandoned: 0, perSecond: expect.any(Number) },
        ...{ refused: expect.any(Object), answer: durations },
      },
      arrivals: {
        ...{ arrived: 200, missing: 0, onTheirWay: 0, doubled: 0, outOfOrder: 0, misdirected: 0, gaps: 0 },
        ...{ perSecond: expect.any(Number), handler: { ...durations, count: 200 }, examples: [] },
      },
      tool: {
        ...{ cpuSeconds: expect.any(Number), cores: expect.any(Number) },
        ...{ rssBytes: expect.any(Number), bytesPerSocket: expect.any(Number) },
      },
      made: {
        ...{ startedAt: expect.any(String), version: '0.1.0', serverVersion: '0.1.0', isSameMachine: true },
        ...{ node: process.versions.node, system: expect.any(String), cpus: expect.any(String) },
        command: expect.stringContaining('--sockets 20 --messages 200'),
      },
      course: expect.arrayContaining([
        {
          ...{ fromMs: 0, toMs: expect.any(Number), opened: 0 },
          ...{ accepted: expect.any(Number), arrived: expect.any(Number) },
        },
      ]),
    });
    await expectReport(join(folder, 'bench.html'), '200 of 200 accepted messages arrived in order');
    expect(out + err + readFileSync(join(folder, 'bench.html'), 'utf8')).not.toContain(key);
  });

  it('says with which code sockets were refused, and ends with 1', { timeout }, async () => {
    const args = ['--sockets', String(socketsMax + 5), '--duration', '1s', '--rate', '100'];
    const { code, out, err } = await bench('connect', '--url', url, ...args);
    expect(out).toMatch(/^FAILED {2}5 of the sockets did not open\.\n/);
    expect(out).toMatch(/Sockets open +30 of 35\n[\s\S]*Sockets refused +5 × HTTP 503\n/);
    expect(out).toMatch(/Memory of this tool +\d+ MiB, [\d,]+ KiB per socket \(not of the server\)/);
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(/\nNext: carillon bench connect .* --sockets 30\n$/),
    ]);
  });

  it('posts in batches with a key of the environment', { timeout }, async () => {
    const args = ['send', '--url', url, '--messages', '1000', '--batch', '100', '--sockets', '10'];
    const { code, out } = await start(args, { CARILLON_KEY: key }).ended;
    expect(out).toMatch(/^OK {2}1,000 messages were accepted, [\d,.]+ per second;/);
    expect(code).toBe(0);
  });

  it('prints on Ctrl-C what it has, and says that it was ended', { timeout }, async () => {
    const args = ['--key-file', 'data/admin-key', '--url', url, '--sockets', '2', '--duration', '10m'];
    const { child, ended } = start(args);
    await new Promise<void>((resolve) => {
      child.stderr.on('data', (data) => String(data).includes('Posting') && resolve());
    });
    child.kill('SIGINT');
    const { code, out } = await ended;
    expect(out).toMatch(/^(?:ENDED EARLY|FAILED) {2}Ended early, so this is what there is\. /);
    // Where it was ended before the first answer, that no message was accepted is a fault.
    expect(code).toBe(out.startsWith('FAILED') ? 1 : 130);
  });
});

describe('carillon bench ends with', () => {
  it('5 for a key that is none of the server', async () => {
    writeFileSync(join(folder, 'wrong-key'), `ck_wrong_${'a'.repeat(43)}\n`);
    const { code, out, err } = await start(['--url', url, '--key-file', 'wrong-key']).ended;
    expect(err).toBe(
      `The key is not one of ${url} (token_invalid).\nNext: carillon bench --key-file data/admin-key\n`,
    );
    expect([code, out]).toEqual([5, '']);
  });

  it('4 where nothing answers', async () => {
    const nowhere = `http://127.0.0.1:${await freePort()}`;
    const { code, out, err } = await bench('--url', nowhere);
    expect(err).toBe(`Nothing answers at ${nowhere} (ECONNREFUSED).\nNext: npm start\n`);
    expect([code, out]).toEqual([4, '']);
  });

  it('4 where something else answers', async () => {
    const other = createServer((_, response) => response.writeHead(404).end('<p>not here')).listen(
      0,
      '127.0.0.1',
    );
    onTestFinished(() => void other.close());
    await new Promise((resolve) => other.once('listening', resolve));
    const { code, err } = await bench('--url', `http://127.0.0.1:${(other.address() as AddressInfo).port}`);
    expect(err).toMatch(
      /^What answers at \S+ is no Carillon \(\/v1\/tokens: HTTP 404\)\.\nNext: curl -i \S+\n$/,
    );
    expect(code).toBe(4);
  });

  it('2 for an option that is not allowed, and for a report that cannot be written', async () => {
    const option = await bench('--rate', 'fast');
    expect(option.err).toMatch(
      /Allowed is a number up to 1000000 per second, or max\.\nNext: carillon bench --help\n$/,
    );
    const report = await bench('--url', url, '--report', 'no-such-folder/bench.html');
    expect(report.err).toMatch(/^no-such-folder\/bench\.html cannot be written \(ENOENT\)\.\nNext: \S/);
    expect([option.code, option.out, report.code, report.out]).toEqual([2, '', 2, '']);
  });
});

/** It shows the sentence in both colour schemes, says nothing on the console and asks nobody for anything. */
async function expectReport(file: string, sentence: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    const page = await browser.newPage({ colorScheme });
    const [faults, asked]: [string[], string[]] = [[], []];
    page.on('console', (message) => faults.push(message.text()));
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('request', (request) => asked.push(request.url()));
    const address = pathToFileURL(file).href;
    await page.goto(address);
    await page.getByText(sentence).waitFor();
    expect(await page.locator('svg[role=img]').count()).toBe(3);
    expect(faults).toEqual([]);
    expect(asked.filter((each) => each !== address && !each.startsWith('data:'))).toEqual([]);
    await page.close();
  }
}
