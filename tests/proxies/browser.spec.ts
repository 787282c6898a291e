// That real browsers do what stickiness rests on: keep the cookie that came with an upgrade, and bring it
// along.
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { chromiumPath } from '../setup/chromium.ts';
import { Balancer } from './balancer.ts';
import { type Echoes, type Heard, startEchoes } from './echo.ts';

let echoes: Echoes;
let balancer: Balancer;
let browser: Browser;

beforeAll(async () => {
  echoes = await startEchoes();
  balancer = await Balancer.start(echoes.services);
  browser = await chromium.launch({ executablePath: await chromiumPath(), args: ['--no-sandbox'] });
}, 300_000);
afterAll(async () => {
  await browser?.close();
  await balancer?.stop();
  await Promise.all((echoes?.all ?? []).map((echo) => echo.stop()));
}, 60_000);

/** A socket of this page, which stays open: on which node it is. */
async function nodeOf(page: Page): Promise<string> {
  const said = await page.evaluate(
    (url) =>
      new Promise<string>((resolve) => {
        const socket = new WebSocket(url, ['carillon.v1']);
        socket.onmessage = ({ data }) => resolve(data as string);
      }),
    balancer.socketUrl,
  );
  return (JSON.parse(said) as Heard).service;
}

it('a browser comes back to its node, in every tab and although the other has less to do', {
  timeout: 60_000,
}, async () => {
  const profile = await browser.newContext();
  const nodes: string[] = [];
  for (const _ of [1, 2]) {
    const tab = await profile.newPage();
    await tab.goto(`${balancer.url}/docs/errors`);
    nodes.push(await nodeOf(tab), await nodeOf(tab), await nodeOf(tab));
    expect(await tab.evaluate(() => document.cookie)).toBe('');
  }
  expect(new Set(nodes).size).toBe(1);
  expect(await profile.cookies()).toMatchObject([
    { name: 'carillon', value: expect.stringMatching(/^[a-z]$/), httpOnly: true, expires: -1 },
  ]);
  const stranger = await (await browser.newContext()).newPage();
  await stranger.goto(`${balancer.url}/docs/errors`);
  expect(await nodeOf(stranger)).not.toBe(nodes[0]);
});
