/** Proves that services start whole or not at all, and end in order. On memory ports and port 0. */
import 'reflect-metadata';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigInvalid, type ServiceContext, StartFault } from '@carillon/platform';
import {
  type BeforeApplicationShutdown,
  Controller,
  Get,
  Inject,
  Module,
  type OnModuleInit,
} from '@nestjs/common';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { type RunningService, type StartOptions, startService } from './start-service.js';

const folder = mkdtempSync(join(tmpdir(), 'carillon-wiring-'));
afterAll(() => rmSync(folder, { recursive: true }));

const env = {
  STORE_KIND: 'memory',
  ROUTES_KIND: 'memory',
  BUS_KIND: 'memory',
  CARILLON_HTTP_PORT: '0',
  CARILLON_INTERNAL_PORT: '0',
  CARILLON_NODE: 'n1',
  LOG_LEVEL: 'silent',
};

/** What a service sees of its start and its end. */
class Diary {
  readonly lines: string[] = [];
  initFault: Error | undefined;
  drain: () => Promise<void> = () => Promise.resolve();
}
const contextToken = Symbol('context');

@Controller()
class Pages implements OnModuleInit, BeforeApplicationShutdown {
  constructor(
    private readonly diary: Diary,
    @Inject(contextToken) private readonly context: ServiceContext,
  ) {}

  onModuleInit(): void {
    if (this.diary.initFault) throw this.diary.initFault;
  }

  @Get('page')
  page(): string {
    return this.context.node;
  }

  async beforeApplicationShutdown(): Promise<void> {
    const { ready } = await this.context.health.readiness();
    this.diary.lines.push(`drain, ready: ${ready}, store: ${(await this.context.store.facts.now()) > 0}`);
    await this.diary.drain();
  }
}

@Module({})
class PagesModule {}

const started: RunningService[] = [];
afterEach(async () => {
  for (const running of started.splice(0)) await running.stop();
});

async function start(diary = new Diary(), options: Partial<StartOptions> = {}): Promise<RunningService> {
  const running = await startService({
    services: ['collect'],
    modules: (context) => [
      {
        module: PagesModule,
        controllers: [Pages],
        providers: [
          { provide: Diary, useValue: diary },
          { provide: contextToken, useValue: context },
        ],
      },
    ],
    env,
    ...options,
  });
  started.push(running);
  return running;
}

const portOf = (url: string) => new URL(url).port;

describe('startService', () => {
  it('listens, answers with a request id, and is ready', async () => {
    const { url, internalUrl } = await start();
    const answer = await fetch(`${url}/page`, { headers: { 'request-id': 'r-1' } });
    expect([answer.status, await answer.text(), answer.headers.get('request-id')]).toEqual([
      200,
      'n1',
      'r-1',
    ]);
    const readiness = await fetch(`${internalUrl}/readyz`);
    expect(await readiness.json()).toEqual({ ready: true, checks: { store: 'ok', clock: 'ok', bus: 'ok' } });
  });

  it('counts requests by route, never by address', async () => {
    const { url, internalUrl } = await start();
    await fetch(`${url}/page?user=canary`);
    await fetch(`${url}/canary`);
    const text = await (await fetch(`${internalUrl}/metrics`)).text();
    expect(text).toContain(
      'carillon_http_request_duration_seconds_count{method="GET",route="/page",status="200"} 1',
    );
    expect(text).toContain('status="404"} 1');
    expect(text).not.toContain('canary');
  });

  it('serves the page to which every problem points', async () => {
    const { url } = await start();
    const problem = (await (await fetch(`${url}/nothing`)).json()) as { type: string; code: string };
    const page = await fetch(new URL(problem.type, url));
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(await page.text()).toContain(`id="${problem.code}"`);
  });

  it('drains with the store open, refuses what comes meanwhile, then lets go of everything', async () => {
    const diary = new Diary();
    const running = await start(diary);
    const { url, internalUrl, context } = running;
    await fetch(`${url}/page`);
    let refused: Response | undefined;
    let readyz: number | undefined;
    diary.drain = async () => {
      refused = await fetch(`${url}/page`);
      readyz = (await fetch(`${internalUrl}/readyz`)).status;
    };
    await Promise.all([running.stop(), running.stop()]);
    expect(diary.lines).toEqual(['drain, ready: false, store: true']);
    expect(await refused?.json()).toMatchObject({ code: 'draining', retryable: true });
    expect([refused?.headers.get('retry-after'), readyz]).toEqual(['1', 503]);
    await expect(fetch(`${url}/page`)).rejects.toThrow();
    await expect(fetch(internalUrl)).rejects.toThrow();
    await expect(context.store.facts.now()).rejects.toThrow();
    await expect(context.bus.ping()).rejects.toThrow();
  });

  it('leaves ports open that were given to it', async () => {
    const owner = await start();
    const { store, bus } = owner.context;
    const guest = await start(new Diary(), { ports: { store, bus } });
    await guest.stop();
    expect(await store.facts.now()).toBeGreaterThan(0);
    await expect(bus.ping()).resolves.toBeUndefined();
  });

  it('opens no public port for Dispatch', async () => {
    const running = await start(new Diary(), { services: ['dispatch'], modules: () => [] });
    expect(running.url).toBe('');
    expect((await fetch(`${running.internalUrl}/readyz`)).status).toBe(200);
  });

  it('says at once that a port was not opened for these services', async () => {
    const { context } = await start();
    expect(() => context.routes.lookup([])).toThrow('no route table was opened');
  });
});

describe('a start that fails', () => {
  it('says which port is in use, and how to move it', async () => {
    const { url, internalUrl } = await start();
    const remedy = 'end what listens there, or set CARILLON_HTTP_PORT to a free port';
    await expect(start(new Diary(), { env: { ...env, CARILLON_HTTP_PORT: portOf(url) } })).rejects.toEqual(
      new StartFault(`Port ${portOf(url)} on 127.0.0.1 is in use: ${remedy}.`),
    );
    const internal = { ...env, CARILLON_INTERNAL_PORT: portOf(internalUrl) };
    await expect(start(new Diary(), { env: internal })).rejects.toThrow(/CARILLON_INTERNAL_PORT/);
  });

  it('says which folder cannot be written, and what to do', async () => {
    const blocker = join(folder, 'a-file');
    writeFileSync(blocker, '');
    const path = join(blocker, 'data', 'c.sqlite');
    const fault = await start(new Diary(), { env: { ...env, STORE_KIND: 'sqlite', STORE_PATH: path } }).catch(
      (error: unknown) => error,
    );
    expect(fault).toBeInstanceOf(StartFault);
    expect(String(fault)).toMatch(
      /The folder .*data cannot be written \(ENOTDIR\): make it writable, or set/,
    );
  });

  it('says so when the file is no store', async () => {
    const path = join(folder, 'no-store');
    writeFileSync(path, 'this is no database'.repeat(100));
    await expect(
      start(new Diary(), { env: { ...env, STORE_KIND: 'sqlite', STORE_PATH: path } }),
    ).rejects.toThrow(StartFault);
  });

  it('reports faults of the configuration before it opens anything', async () => {
    await expect(start(new Diary(), { env: { LOG_LEVEL: 'loud' } })).rejects.toBeInstanceOf(ConfigInvalid);
  });

  it('leaves nothing open when a service does not come up', async () => {
    const diary = new Diary();
    diary.initFault = new StartFault('The key is missing: give it.');
    let context: ServiceContext | undefined;
    const routes = (given: ServiceContext) => {
      context = given;
    };
    const failing = start(diary, { routes });
    await expect(failing).rejects.toThrow('The key is missing');
    await expect(context?.store.facts.now()).rejects.toThrow();
  });
});
