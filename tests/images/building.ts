// Builds the images from the checkout with buildah, and shows their files. Must put nothing into an image
// that the Dockerfile does not: certificates and npm's cache are lent to the build alone.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type AppName, appNames, imageName, usedDrivers } from './app.ts';
import { contentRows, type LockedPackage } from './contents.ts';
import { makeNodeImage, nodeImageOf } from './node-image.ts';
import type { BuiltImage } from './plan.ts';
import type { Row } from './report.ts';
import type { Storage } from './storage.ts';

const checkout = join(import.meta.dirname, '../..');
const dockerfile = join(checkout, 'deploy/Dockerfile');
const progressMs = 20_000;
/** Of the user who builds. */
const homeInside = '/root';
const certificates = ['/etc/ssl/certs', '/usr/share/ca-certificates', '/usr/local/share/ca-certificates'];

export interface Built {
  readonly images: Readonly<Record<string, BuiltImage>>;
  readonly rows: readonly Row[];
}

/** All five, each mounted. @throws with what the build said last */
export async function buildImages(storage: Storage, say: (text: string) => void): Promise<Built> {
  const version = versionOfCheckout();
  await makeNodeImage(storage, nodeImageOf(readFileSync(dockerfile, 'utf8')), say);
  say('building what all images are made from: packages, compiler, one folder per app (minutes at first)');
  const rows = [
    await buildTarget(storage, 'build', { name: `carillon-build:${version}`, lent: lentTo(storage), say }),
  ];
  const images: Record<string, BuiltImage> = {};
  for (const app of appNames) {
    const name = imageName(app, version);
    rows.push(await buildTarget(storage, app, { name, lent: [], say }));
    const built = { image: await storage.image(name), root: await storage.mounted(name) };
    images[app] = built;
    const own = rowsOf(app, built, version);
    rows.push(...own);
    say(`${name} is built: ${own[0]?.is ?? ''} in /app`);
  }
  return { images, rows };
}

function rowsOf(app: AppName, { image, root }: BuiltImage, version: string): Row[] {
  const { packages: locked } = readJson<{ packages: Record<string, LockedPackage> }>('package-lock.json');
  return contentRows({ app, root, image, version, locked, usedDrivers: usedDrivers[app] });
}

interface Target {
  readonly name: string;
  /** `from:to` on this machine; would leave empty places in an image that is kept. */
  readonly lent: readonly string[];
  readonly say: (text: string) => void;
}

async function buildTarget(storage: Storage, target: string, { name, lent, say }: Target): Promise<Row> {
  const from = performance.now();
  const volumes = lent.flatMap((volume) => ['--volume', volume]);
  const options = ['--layers', '--pull-never', '--file', dockerfile, '--target', target, '--tag', name];
  const ticker = setInterval(() => say(`still building ${target}, ${secondsSince(from)} s`), progressMs);
  try {
    await storage.buildah('build', ...options, ...volumes, checkout);
  } finally {
    clearInterval(ticker);
    // It may hold a person's token.
    rmSync(settingsIn(storage.folder), { force: true });
  }
  return { what: `${target}: build`, is: `${secondsSince(from)} s` };
}

function secondsSince(from: number): number {
  return Math.round((performance.now() - from) / 1_000);
}

/** So that npm reaches its registry as this machine does, and fetches nothing twice. */
function lentTo({ folder }: Storage): string[] {
  const cache = join(folder, 'npm');
  mkdirSync(cache, { recursive: true });
  const settings = settingsIn(folder);
  const own = join(homedir(), '.npmrc');
  const authorities = '/etc/ssl/certs/ca-certificates.crt';
  const lines = [existsSync(own) ? readFileSync(own, 'utf8') : ''];
  if (existsSync(authorities)) lines.push(`cafile=${authorities}\n`);
  writeFileSync(settings, lines.join('\n'), { mode: 0o600 });
  const folders = certificates.filter((each) => existsSync(each)).map((each) => `${each}:${each}:ro`);
  return [...folders, `${cache}:${homeInside}/.npm`, `${settings}:${homeInside}/.npmrc:ro`];
}

function settingsIn(folder: string): string {
  return join(folder, 'npmrc');
}

function versionOfCheckout(): string {
  return readJson<{ version: string }>('package.json').version;
}

function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(join(checkout, file), 'utf8')) as T;
}
