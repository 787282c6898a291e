/** What a command line that cannot be run is told, and with which code it ends. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { keptDesk } from './desk.fixture.js';
import { runProgram } from './program.js';
import { version } from './version.js';

describe('a command line', () => {
  it.each([
    [[], 'No command was given.'],
    [['bnch'], "Unknown command 'bnch'"],
    [['bench', 'drip'], 'Allowed choices are end-to-end, connect, send.'],
    [['bench', 'send', 'connect'], 'Too many arguments'],
    [['bench', '--nonsense'], "Unknown option '--nonsense'"],
    [['bench', '--sockets', '0'], 'Allowed is a whole number from 1 to 20000.'],
    [['bench', '--sockets', '2e3'], 'Allowed is a whole number from 1 to 20000.'],
    [['bench', '--messages', '1.5'], 'Allowed is a whole number from 1 to 10000000.'],
    [['bench', '--batch', '1001'], 'Allowed is a whole number from 1 to 1000.'],
    [['bench', '--size', '63'], 'Allowed is a whole number from 64 to 65536.'],
    [['bench', '--concurrency', ''], 'Allowed is a whole number from 1 to 1000.'],
    [['bench', '--workers', '33'], 'Allowed is a whole number from 1 to 32.'],
    [['bench', '--seed', '-1'], 'Allowed is a whole number from 0 to 4294967295.'],
    [['bench', '--rate', '0'], 'Allowed is a number up to 1000000 per second, or max.'],
    [['bench', '--rate', 'fast'], 'Allowed is a number up to 1000000 per second, or max.'],
    [['bench', '--duration', '500ms'], 'Allowed is a time from 1s to 1h, like 30s or 5m.'],
    [['bench', '--duration', '61m'], 'Allowed is a time from 1s to 1h, like 30s or 5m.'],
    [['bench', '--url', 'localhost:8080'], 'Allowed is http or https with a host and a port'],
    [['bench', '--url', 'http://me:secret@localhost'], 'Allowed is http or https with a host and a port'],
    [['bench', '--url', 'http://localhost/v1'], 'Allowed is http or https with a host and a port'],
    [['bench', 'connect', '--batch', '3'], '--batch is for send and end-to-end'],
    [['bench', 'connect', '--rate', 'max'], '--rate max is not allowed'],
    [['bench'], 'An API key is needed: in a file named by --key-file, or in CARILLON_KEY.'],
    [['bench', '--key-file', '/nowhere/key'], '/nowhere/key cannot be read (ENOENT).'],
    [['bench', '--key-file', '/dev/null'], '/dev/null holds no API key'],
  ])('%j ends with 2, says what is allowed and what to try', async (args, sentence) => {
    const desk = keptDesk();
    expect(await runProgram(args, desk)).toBe(2);
    expect(desk.data).toEqual([]);
    expect(desk.said).toHaveLength(1);
    expect(desk.said[0]).toContain(sentence);
    expect(desk.said[0]).toMatch(/\nNext: (?:carillon |ls )\S.*$/);
  });

  it('is never shown a key that was given where it does not belong', async () => {
    const desk = keptDesk();
    expect(await runProgram(['bench', '--key', 'ck_a_secret'], desk)).toBe(2);
    expect(desk.said.join()).not.toContain('secret');
  });

  it('gets help and version as data', async () => {
    const desk = keptDesk();
    expect(await runProgram(['bench', '--help'], desk)).toBe(0);
    expect(desk.data.join('')).toContain('Usage: carillon bench [options] [mode]');
    expect(desk.data.join('')).toContain('Exit codes: 0 all was as asked');
    const other = keptDesk();
    expect(await runProgram(['--version'], other)).toBe(0);
    expect(other.data).toEqual([`${version}\n`]);
    expect([...desk.said, ...other.said]).toEqual([]);
  });
});

describe('a server that is not this machine', () => {
  // Never asked: `fetch` refuses this port by itself.
  const args = ['bench', '--url', 'http://0.0.0.0:9', '--sockets', '7', '--rate', '3'];

  it('gets no load unless somebody says yes', async () => {
    const desk = keptDesk({ key: 'ck_a_secret' });
    expect(await runProgram(args, desk)).toBe(2);
    expect(desk.questions).toHaveLength(1);
    expect(desk.said.join()).toContain('not this machine: 7 sockets and 3 messages per second.');
    expect(desk.said.join()).toContain('Next: carillon bench --url http://0.0.0.0:9 --yes');
  });

  it('gets none when somebody says no', async () => {
    const desk = keptDesk({ key: 'ck_a_secret', answer: false });
    expect(await runProgram(args, desk)).toBe(2);
    expect(desk.said.join()).toContain('Nothing was done.');
  });

  it.each([
    ['asked', args, true],
    ['by --yes', [...args, '--yes'], undefined],
  ])('is tried when it was allowed, %s', async (_, line, answer) => {
    const desk = keptDesk({ key: 'ck_a_secret', ...(answer !== undefined && { answer }) });
    expect(await runProgram(line, desk)).toBe(4);
    expect(desk.said.join()).toMatch(/^Nothing answers at http:\/\/0\.0\.0\.0:9 \(.+\)\.\nNext: curl /);
    expect(desk.said.join()).not.toContain('secret');
  });
});

describe('the version', () => {
  it('is that of the package', () => {
    const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
    expect((JSON.parse(manifest) as { version: string }).version).toBe(version);
  });
});
