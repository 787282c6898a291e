// The scraper loses no late event loop, whoever asks for it and when.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Scraper } from './scraper.ts';

let server: Server;

afterEach(() => server.close());

/** Nodes that show these lags, one after the other look; the last again and again. */
async function scraperOf(...lags: readonly (readonly number[])[]): Promise<Scraper> {
  const left = lags.map((ofNode) => [...ofNode]);
  server = createServer(({ url = '' }, answer) => {
    const ofNode = left[Number(url.slice(1, 2))] ?? [];
    const lag = ofNode.length > 1 ? ofNode.shift() : ofNode[0];
    const lines = [`p50_seconds 9`, `p99_seconds ${lag}`, `max_seconds ${Number(lag) * 2}`];
    answer.end(lines.map((line) => `nodejs_eventloop_lag_${line}\n`).join(''));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return new Scraper(() => lags.map((_, at) => ({ name: `n${at}`, url: `http://127.0.0.1:${port}/${at}` })));
}

describe('how late event loops were', () => {
  it('is the latest of all nodes and looks since it was last asked for', async () => {
    const scraper = await scraperOf([0.01, 0.3, 0.02, 0.05], [0.015]);
    await scraper.start();
    await scraper.stop();
    expect(await scraper.loopLag()).toEqual({ p99Ms: 300, maxMs: 600 });
    expect(await scraper.loopLag()).toEqual({ p99Ms: 50, maxMs: 100 });
  });

  it('is unknown where a node said nothing, and known again after that', async () => {
    const scraper = await scraperOf([0.01, Number.NaN, 0.02], [0.03]);
    await scraper.start();
    expect(await scraper.loopLag()).toEqual({ p99Ms: Number.NaN, maxMs: Number.NaN });
    expect(await scraper.loopLag()).toEqual({ p99Ms: 30, maxMs: 60 });
    await scraper.stop();
    server.close();
    server.closeAllConnections();
    expect(await scraper.loopLag()).toEqual({ p99Ms: Number.NaN, maxMs: Number.NaN });
  });
});
