/**
 * Real processes on one file, killed outright in the middle:
 * what they had confirmed must be there, in its place.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LogKey } from '@carillon/domain';
import { FakeClock, SeededRandom } from '@carillon/testkit';
import { afterAll, describe, expect, it } from 'vitest';
import { startFromSource } from '../../../../tools/source-child.ts';
import { SqliteStore } from './sqlite-store.js';

type Confirmed = readonly [id: string, log: LogKey, seq: number];

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
const random = new SeededRandom(seed);
const rounds = 5;
const childFile = fileURLToPath(new URL('./writer.child.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'carillon-sqlite-kill-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe(`a killed process (seed ${seed})`, () => {
  it(`loses nothing that it had confirmed, ${rounds} times on one file`, { timeout: 60_000 }, async () => {
    const path = join(folder, 'one.db');
    const confirmed: Confirmed[] = [];
    for (let round = 0; round < rounds; round++) {
      const commits = 1 + Math.floor(random.next() * 40);
      confirmed.push(...(await killedAfter(commits, [startWriter(path, `r${round}`)])));
      await expectAll(path, confirmed);
    }
    expect(confirmed.length).toBeGreaterThan(rounds);
  });

  it('shares a file with another that writes: all confirmed of both is there, dense', {
    timeout: 60_000,
  }, async () => {
    const path = join(folder, 'two.db');
    const writers = [startWriter(path, 'a'), startWriter(path, 'b')];
    const confirmed = await killedAfter(60, writers);
    for (const name of ['a-', 'b-']) expect(confirmed.some(([id]) => id.startsWith(name))).toBe(true);
    await expectAll(path, confirmed);
  });
});

function startWriter(path: string, name: string): ChildProcess {
  return startFromSource(childFile, [path, name, String(Math.floor(random.next() * 2 ** 31))]);
}

/** Kills all once each has confirmed so many commits. @returns what they had said when they were dead. */
async function killedAfter(commits: number, writers: readonly ChildProcess[]): Promise<Confirmed[]> {
  const said = writers.map(() => '');
  const ends = writers.map((writer) => once(writer, 'close'));
  const isDone = new Promise<void>((resolve, reject) => {
    for (const [at, { stdout }] of writers.entries()) {
      stdout?.setEncoding('utf8').on('data', (text: string) => {
        said[at] += text;
        if (said.every((each) => each.split('\n').length > commits)) resolve();
      });
      stdout?.on('end', () => reject(new Error('a writer ended by itself')));
    }
  });
  await isDone;
  for (const writer of writers) writer.kill('SIGKILL');
  await Promise.all(ends);
  return said
    .flatMap((each) => each.split('\n').slice(0, -1))
    .flatMap((line) => JSON.parse(line) as Confirmed[]);
}

async function expectAll(path: string, confirmed: readonly Confirmed[]): Promise<void> {
  const store = await SqliteStore.open({ path, clock: new FakeClock() });
  const places = new Map<string, string>();
  for (const log of new Set(confirmed.map(([, each]) => each))) {
    const entries = await store.log.read(log, 0, 1_000_000);
    expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, at) => at + 1));
    for (const { id, seq } of entries) places.set(id, `${log} ${seq}`);
  }
  const wrong = confirmed.filter(([id, log, seq]) => places.get(id) !== `${log} ${seq}`);
  expect(wrong).toEqual([]);
  await store.close();
}
