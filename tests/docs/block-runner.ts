// Follows a page as a person would: starts what its `npm start` line starts, pastes its shell blocks into one
// shell, saves its named files, and compares what comes with what the page says. Ports are mapped to free
// ones, in both directions. Must leave no process and no file.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { freePort } from '../../tools/services/port.ts';
import { Command, root } from '../house/command.ts';
import { mainOf } from '../setup/built.ts';
import type { Block } from './page.ts';

/** Ports as the pages name them: public, internal, and that of the reader's own backend. */
const pagePorts = [8080, 9090, 3000] as const;
const npmLine = /^(?:[A-Z_]+=\S+ )*(?:npm|npx vitest) /;
const blockTimeoutMs = 30_000;
/** Where it stands among other commands it is run: what it would build is built. */
const carillonScript = 'npm run carillon --';
const carillon = `node ${join(root, 'apps/cli/dist/main.js')}`;

/** A block that only names scripts of the house: they are looked up, not run. */
export function isNpmBlock({ text }: Block): boolean {
  return commandsOf(text).every((line) => npmLine.test(line));
}

/** Single commands of a shell block, without comments. */
export function commandsOf(text: string): string[] {
  const lines = text.replaceAll('\\\n', ' ').split('\n');
  return lines.map((line) => line.replace(/(^|\s)#.*$/, '').trim()).filter(Boolean);
}

/** One folder, one standalone process, one shell. */
export class Reader {
  readonly folder: string;
  readonly #ports: ReadonlyMap<number, number>;
  readonly #server: Command;
  readonly #shell: ChildProcess;
  #heard = '';
  #wake = () => {};

  private constructor(folder: string, ports: ReadonlyMap<number, number>, env: Record<string, string>) {
    this.folder = folder;
    this.#ports = ports;
    const [http, internal] = pagePorts.map((port) => String(ports.get(port)));
    const own = {
      MONGO_URL: '',
      REDIS_URL: '',
      NATS_URL: '',
      CARILLON_HTTP_PORT: http,
      CARILLON_INTERNAL_PORT: internal,
    };
    const mapped = Object.entries(env).map(([name, value]) => [name, this.mapped(value)]);
    this.#server = new Command(mainOf('standalone'), {
      cwd: folder,
      env: { ...own, ...Object.fromEntries(mapped) } as Record<string, string>,
    });
    const path = [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter);
    this.#shell = spawn('bash', ['--noprofile', '--norc'], {
      cwd: folder,
      env: { ...process.env, PATH: path, NODE_OPTIONS: '' },
      detached: true,
    });
    for (const stream of [this.#shell.stdout, this.#shell.stderr])
      stream?.on('data', (data) => {
        this.#heard += String(data);
        this.#wake();
      });
  }

  /** Resolves when the process listens; its environment is that of the page's `npm start` line. */
  static async begin(blocks: readonly Block[] = []): Promise<Reader> {
    const folder = makeFolder();
    const ports = new Map<number, number>();
    for (const port of pagePorts) ports.set(port, await freePort());
    const reader = new Reader(folder, ports, startEnvironment(blocks));
    await reader.#server.said(/Ctrl-C stops everything/);
    return reader;
  }

  /** The page's text with the ports that are really listened on. */
  mapped(text: string): string {
    return pagePorts.reduce((all, port) => all.replaceAll(String(port), String(this.#ports.get(port))), text);
  }

  /** Saves a block whose first line is a comment with the file's name; undefined where there is none. */
  save({ text }: Block): string | undefined {
    const name = /^(?:\/\/|<!--|#) ([\w-]+\.\w+)/.exec(text)?.[1];
    if (name) writeFileSync(join(this.folder, name), this.mapped(text));
    return name;
  }

  /** Pastes the block; what came of it, with the page's ports. @throws when it does not end in time */
  async paste({ text }: Block): Promise<{ code: number; output: string }> {
    const mark = `--- pasted ${this.#heard.length} ---`;
    const end = new RegExp(`\\n${mark} (\\d+)\\n`);
    const from = this.#heard.length;
    this.#shell.stdin?.write(
      `${this.mapped(text).replaceAll(carillonScript, carillon)}\nprintf '\\n%s %s\\n' '${mark}' "$?"\n`,
    );
    const deadline = AbortSignal.timeout(blockTimeoutMs);
    for (;;) {
      const heard = this.#heard.slice(from);
      const found = end.exec(heard);
      if (found) return { code: Number(found[1]), output: this.#unmapped(heard.slice(0, found.index)) };
      await new Promise<void>((resolve, reject) => {
        this.#wake = resolve;
        deadline.onabort = () => reject(new Error(`no end of:\n${text}\nso far:\n${heard}`));
      });
    }
  }

  async end(): Promise<void> {
    if (this.#shell.pid) process.kill(-this.#shell.pid, 'SIGKILL');
    this.#server.child.kill('SIGKILL');
    await this.#server.ended;
    rmSync(this.folder, { recursive: true, force: true });
  }

  #unmapped(text: string): string {
    return pagePorts.reduce((all, port) => all.replaceAll(String(this.#ports.get(port)), String(port)), text);
  }
}

/** An empty folder in which the packages of the house can be imported, as in the checkout. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'carillon-reader-'));
  for (const name of ['node_modules', 'libs']) symlinkSync(join(root, name), join(folder, name));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  return folder;
}

/** `A=1 npm start` → {A: '1'}. */
function startEnvironment(blocks: readonly Block[]): Record<string, string> {
  const lines = blocks.filter(({ lang }) => lang === 'bash').flatMap(({ text }) => commandsOf(text));
  const start = lines.find((line) => line.endsWith(' npm start')) ?? '';
  return Object.fromEntries([...start.matchAll(/([A-Z_]+)=(\S+) /g)].map(([, name, value]) => [name, value]));
}

/** What is wrong with a line that names a script, or with a variable in front of it. */
export function npmFault(line: string, variables: ReadonlySet<string>): string | undefined {
  const [, assigned = '', command = ''] = /^((?:[A-Z_]+=\S+ )*)(.*)$/.exec(line) ?? [];
  const unknown = [...assigned.matchAll(/([A-Z_]+)=/g)].find(([, name = '']) => !variables.has(name));
  if (unknown) return `${unknown[1]} is no variable that anybody reads`;
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const [, script] = /^npm (?:run )?([\w-]+)(?: -- .+)?$/.exec(command) ?? [];
  if (script && Object.hasOwn(scripts, script)) return undefined;
  return /^npx (?:vitest run --project @carillon\/|rolldown )/.test(command)
    ? undefined
    : `${command} is no script of package.json`;
}

/** Whether the output is what the page says: `…` stands for anything; JSON is compared as JSON. */
export function isAsSaid(output: string, { lang, text }: Block): boolean {
  if (lang === 'json') return matches(JSON.parse(output), JSON.parse(text));
  return patternOf(text).test(collapsed(output));
}

function matches(actual: unknown, said: unknown): boolean {
  if (typeof said === 'string') return typeof actual === 'string' && patternOf(said).test(collapsed(actual));
  if (typeof said !== 'object' || said === null || typeof actual !== 'object' || actual === null)
    return actual === said;
  const keys = Object.keys(said);
  return (
    keys.length === Object.keys(actual).length &&
    keys.every((key) =>
      matches((actual as Record<string, unknown>)[key], (said as Record<string, unknown>)[key]),
    )
  );
}

function patternOf(text: string): RegExp {
  const parts = collapsed(text).split('…');
  return new RegExp(`^${parts.map((part) => part.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('.*')}$`, 's');
}

function collapsed(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
