// The rehearsal in small: the same processes and faults, judged by the promises and not by the speed.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it } from 'vitest';
import { build, buildTimeoutMs } from '../setup/built.ts';

const runTimeoutMs = 240_000;
const program = fileURLToPath(new URL('main.ts', import.meta.url));

const apps = ['auth', 'collect', 'dispatch', 'push'].map((name) => `@carillon/${name}-app`);
beforeAll(() => build(...apps), buildTimeoutMs);

it(
  'keeps every promise while a Push node is killed, Redis is flushed and NATS is killed',
  async () => {
    const size = ['--seed', '11', '--sockets', '100', '--messages', '2000', '--promises-only'];
    const { code, output } = await run(size);
    console.log(output);
    expect(output).toContain('missing');
    expect(code).toBe(0);
  },
  runTimeoutMs,
);

function run(args: readonly string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, ...args]);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  return new Promise((resolve) => {
    child.once('close', (code) => resolve({ code, output }));
  });
}
