// The server goes away, in good order and by kill -9, and comes back:
// what was sent meanwhile is kept and arrives.
import { describe, expect, it } from 'vitest';
import { upTo, useStage } from './stage.ts';

const timeout = 180_000;
const stage = useStage();

describe.each(['SIGTERM', 'SIGKILL'] as const)('a server that ends by %s', (signal) => {
  it('gets what was sent meanwhile, in order and once, when it is back', { timeout }, async () => {
    const demo = await stage.open(stage.newUser());
    await demo.send('before');
    await demo.untilRows('delivered', 1);

    expect(await stage.server.end(signal)).toBe(signal === 'SIGTERM' ? 0 : null);
    await demo.untilState('waiting');
    for (const n of upTo(5)) await demo.send(`meanwhile ${n}`);
    await demo.untilRows('kept', 5);
    expect((await demo.rows()).map(({ status }) => status)).toEqual([
      'delivered',
      ...upTo(5).map(() => 'kept'),
    ]);
    expect(await demo.page.textContent('#away')).toMatch(/^5 messages are kept in this tab/);
    expect(await demo.shown()).toHaveLength(1);

    await stage.server.start();
    await demo.untilState('open');
    await demo.untilShown(6);
    await demo.untilRows('delivered', 6);
    const shown = await demo.shown();
    const titles = ['before', ...upTo(5).map((n) => `meanwhile ${n}`)];
    expect(shown.map(({ seq }) => seq)).toEqual(upTo(6));
    expect(shown.map(({ title }) => title)).toEqual(titles);
    expect(shown.map(({ id }) => id)).toEqual((await demo.rows()).map(({ id }) => id));
    expect(await demo.page.isVisible('#away')).toBe(false);
    const states = await demo.states();
    expect(states.indexOf('waiting')).toBeGreaterThan(states.indexOf('open'));
    expect(states.lastIndexOf('open')).toBeGreaterThan(states.lastIndexOf('waiting'));
  });

  it('loses nothing of a burst that it cut in two', { timeout }, async () => {
    const demo = await stage.open(stage.newUser());
    // It ends while the twentieth is on its way, of which the page cannot know whether it was taken.
    let [posts, ended] = [0, Promise.resolve<number | null>(null)];
    await demo.page.route('**/v1/messages', (route) => {
      posts += 1;
      if (posts === 20) ended = stage.server.end(signal);
      return route.continue();
    });
    await demo.sendFifty('n');
    // Not only the one that failed: all that wait behind it say so.
    await demo.untilRows('kept', 30);
    await ended;
    await demo.untilState('waiting');
    await stage.server.start();
    await demo.untilShown(50);
    await demo.untilRows('delivered', 50);
    const shown = await demo.shown();
    expect(shown.map(({ seq }) => seq)).toEqual(upTo(50));
    expect(shown.map(({ title }) => title)).toEqual(upTo(50).map((n) => `n (${n})`));
    expect(await demo.tally()).toBe('50 received · #1 to #50 · in order · none twice');
  });
});

it('keeps messages over a reload that happens before they could be sent', { timeout }, async () => {
  const user = stage.newUser();
  const demo = await stage.open(user);
  // The page can be loaded, but what it sends is not taken.
  await demo.page.route('**/v1/messages', (route) => route.abort());
  for (const n of upTo(3)) await demo.send(`kept ${n}`);
  await demo.untilRows('kept', 3);
  await demo.page.reload();
  await demo.untilRows('kept', 3);
  await demo.page.unroute('**/v1/messages');
  await demo.untilRows('delivered', 3);
  expect((await demo.shown()).map(({ title }) => title)).toEqual(['kept 1', 'kept 2', 'kept 3']);
  expect((await demo.shown()).map(({ seq }) => seq)).toEqual([1, 2, 3]);
});
