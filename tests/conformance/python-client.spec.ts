// The client of examples/python-client against standalone: what the page on the protocol says is enough to
// resume in another language. Python 3.11 or newer must be there; its absence fails.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { root } from '../house/command.ts';
import { buildApps, buildTimeoutMs } from '../setup/built.ts';
import { Running } from './running.ts';
import { Stage } from './stage.ts';
import { shortTimes } from './suite.ts';

const program = join(root, 'examples/python-client/carillon_client.py');

let server: Running;
let stage: Stage;
let folder = '';
const clients: PythonClient[] = [];
beforeAll(async () => {
  await buildApps();
  server = await Running.start();
  const { url, socketUrl, adminKey: key } = server;
  stage = new Stage({ name: 'standalone', socketUrl, collectUrl: url, authUrl: url, key, ...shortTimes });
}, buildTimeoutMs);
afterAll(() => server?.remove());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'carillon-python-'));
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.kill()));
  rmSync(folder, { recursive: true });
});

/** The Python process; what it prints are the messages it has handled. */
class PythonClient {
  readonly seqs: number[] = [];
  readonly ended: Promise<number | null>;
  #said = '';
  readonly #child: ChildProcess;
  #waiting: (() => void)[] = [];

  constructor(user: string) {
    const tokens = `${server.url}/v1/tokens`;
    const options = { url: server.socketUrl, tokens, user, position: join(folder, 'position.json') };
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    const env = { PATH: process.env.PATH, CARILLON_KEY: server.adminKey, PYTHONDONTWRITEBYTECODE: '1' };
    this.#child = spawn('python3', [program, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stderr?.on('data', (data) => {
      this.#said += data;
    });
    if (this.#child.stdout)
      createInterface({ input: this.#child.stdout }).on('line', (line) => {
        this.seqs.push((JSON.parse(line) as { seq: number }).seq);
        for (const wake of this.#waiting.splice(0)) wake();
      });
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (code) => resolve(code));
    });
    clients.push(this);
  }

  /** Resolves when so many messages were handled. @throws with its words when it ends before */
  async handled(count: number): Promise<void> {
    const isOver = this.ended.then(() => true);
    while (this.seqs.length < count) {
      const more = new Promise<false>((resolve) => this.#waiting.push(() => resolve(false)));
      if (await Promise.race([more, isOver])) throw new Error(`${this.seqs.length} handled: ${this.#said}`);
    }
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
  }
}

/** What the client has kept on the disk. */
function keptPosition(): number {
  const [, , settled] = JSON.parse(readFileSync(join(folder, 'position.json'), 'utf8')) as [
    string,
    string,
    Record<string, number>,
  ];
  return settled.user ?? 0;
}

const upTo = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, at) => first + at);

it('handles what was sent before and after it came, in order', async () => {
  const user = stage.newUser();
  await stage.postMany(user, 30, { data: { text: 'é€😀'.repeat(3_000) } });
  const client = new PythonClient(user);
  await client.handled(30);
  await stage.postMany(user, 100);
  await client.handled(130);
  expect(client.seqs).toEqual(upTo(1, 130));
});

it('misses nothing and repeats nothing that was saved, though it is killed again and again', async () => {
  const user = stage.newUser();
  const handled: number[] = [];
  let sent = 0;
  for (let round = 0; round < 4; round += 1) {
    const client = new PythonClient(user);
    await stage.postMany(user, 60);
    sent += 60;
    // In the middle: some were handled, some are on their way, some are not even posted.
    await client.handled(25);
    void stage.postMany(user, 40);
    sent += 40;
    await client.handled(30);
    await client.kill();
    const kept = keptPosition();
    // Printed and not yet saved is the one state in which a message may come again.
    const last = client.seqs.at(-1) ?? 0;
    expect(last - kept).toBeLessThanOrEqual(1);
    handled.push(...client.seqs.filter((seq) => seq <= kept));
  }
  const client = new PythonClient(user);
  await client.handled(sent - handled.length);
  handled.push(...client.seqs);
  expect(handled).toEqual(upTo(1, sent));
});

it('goes on by itself after its server was away', async () => {
  const user = stage.newUser();
  const client = new PythonClient(user);
  await stage.postMany(user, 5);
  await client.handled(5);
  await server.restart();
  await stage.postMany(user, 5);
  await client.handled(10);
  expect(client.seqs).toEqual(upTo(1, 10));
}, 30_000);
