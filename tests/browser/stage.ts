// What the specs of this folder play on: the server of `npm start`, freshly built, and a real Chromium,
// both for one file. Nothing of either is left behind.
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { build, buildTimeoutMs } from '../setup/built.ts';
import { chromiumPath } from '../setup/chromium.ts';
import { DemoPage } from './demo-page.ts';
import { Standalone } from './standalone.ts';

export interface Stage {
  readonly server: Standalone;
  /** A browser profile of its own: cookies, storage, and with them the device. */
  profile(options?: BrowserContextOptions): Promise<BrowserContext>;
  /** The page of the user in a new tab, connected; in a new profile unless one is given. */
  open(user: string, profile?: BrowserContext): Promise<DemoPage>;
  /** A user whom no other test knows. */
  newUser(): string;
  addressOf(user: string): string;
}

/** To be called at the top of a spec file. */
export function useStage(): Stage {
  const server = new Standalone();
  let browser: Browser | undefined;
  let users = 0;

  beforeAll(async () => {
    await build('@carillon/standalone-app', '@carillon/demo');
    const executablePath = await chromiumPath();
    await server.start();
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  }, buildTimeoutMs);

  afterAll(async () => {
    await browser?.close();
    await server.remove();
  });

  const stage: Stage = {
    server,
    profile: async (options) => {
      if (!browser)
        throw new Error('the browser is started before the first test, not while tests are collected');
      return browser.newContext(options);
    },
    open: async (user, profile) => DemoPage.open(profile ?? (await stage.profile()), stage.addressOf(user)),
    newUser: () => `user-${++users}`,
    addressOf: (user) => `${server.url}/?user=${encodeURIComponent(user)}`,
  };
  return stage;
}

/** 1 … n. */
export function upTo(n: number): number[] {
  return Array.from({ length: n }, (_, at) => at + 1);
}
