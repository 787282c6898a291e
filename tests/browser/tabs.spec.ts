// Reloads, two tabs of one user, tabs that are closed and come back:
// each tab gets everything once and in order.
import { describe, expect, it } from 'vitest';
import { upTo, useStage } from './stage.ts';

const timeout = 180_000;
const stage = useStage();

describe('a reload', () => {
  it('in the middle of a burst loses nothing and repeats nothing', { timeout }, async () => {
    const demo = await stage.open(stage.newUser());
    await demo.sendFifty('n');
    const unsent: number[] = [];
    for (const count of [5, 15, 30]) unsent.push(await demo.reloadWhenShown(count));
    // Each of them came while the page was still sending.
    expect(Math.min(...unsent)).toBeGreaterThan(0);
    await demo.untilShown(50);
    await demo.untilRows('delivered', 50);

    const shown = await demo.shown();
    expect(shown.map(({ seq }) => seq)).toEqual(upTo(50));
    expect(shown.map(({ title }) => title)).toEqual(upTo(50).map((n) => `n (${n})`));
    expect(shown.map(({ id }) => id)).toEqual((await demo.rows()).map(({ id }) => id));
    expect(await demo.tally()).toBe('50 received · #1 to #50 · in order · none twice');
    expect(await demo.page.isVisible('#gap')).toBe(false);
  });

  it('of a page that has it all shows it again and takes nothing twice', { timeout }, async () => {
    const demo = await stage.open(stage.newUser());
    await demo.send('one');
    await demo.untilRows('delivered', 1);
    await demo.page.reload();
    await demo.untilState('open');
    await demo.send('two');
    await demo.untilRows('delivered', 2);
    expect((await demo.shown()).map(({ title }) => title)).toEqual(['one', 'two']);
  });
});

describe('two tabs of one user', () => {
  it('both get everything, in order and once', { timeout }, async () => {
    const [user, profile] = [stage.newUser(), await stage.profile()];
    const tabs = [await stage.open(user, profile), await stage.open(user, profile)];
    await Promise.all(tabs.map((tab, at) => tab.sendFifty(`tab ${at}`)));
    for (const tab of tabs) {
      await tab.untilShown(100);
      await tab.untilRows('delivered', 50);
    }
    const [shown = [], other = []] = await Promise.all(tabs.map((tab) => tab.shown()));
    expect(shown.map(({ seq }) => seq)).toEqual(upTo(100));
    expect(other.map(({ seq, id, title }) => ({ seq, id, title }))).toEqual(
      shown.map(({ seq, id, title }) => ({ seq, id, title })),
    );
    for (const [at, tab] of tabs.entries()) {
      const titles = shown.map(({ title }) => title).filter((title) => title.startsWith(`tab ${at}`));
      expect(titles).toEqual(upTo(50).map((n) => `tab ${at} (${n})`));
      expect(await tab.tally()).toBe('100 received · #1 to #100 · in order · none twice');
    }
  });

  it('let the one that was away catch up with what only the other has shown', { timeout }, async () => {
    const [user, profile] = [stage.newUser(), await stage.profile()];
    const [stays, leaves] = [await stage.open(user, profile), await stage.open(user, profile)];
    await stays.send('one');
    await leaves.untilShown(1);
    await leaves.page.goto('about:blank');
    for (const title of ['two', 'three', 'four']) await stays.send(title);
    await stays.untilRows('delivered', 4);
    await leaves.goto(stage.addressOf(user));
    await leaves.untilShown(4);
    await stays.send('five');
    for (const tab of [stays, leaves]) {
      await tab.untilShown(5);
      expect((await tab.shown()).map(({ title }) => title)).toEqual(['one', 'two', 'three', 'four', 'five']);
    }
    expect((await leaves.shown()).map(({ way }) => way.replace(/\d+/, 'n'))).toEqual([
      'live, n ms',
      ...upTo(3).map(() => 'caught up'),
      'live, n ms',
    ]);
  });

  it('leave no trace for a third that is opened later, which goes on from there', { timeout }, async () => {
    const [user, profile] = [stage.newUser(), await stage.profile()];
    const [stays, closes] = [await stage.open(user, profile), await stage.open(user, profile)];
    await stays.send('one');
    await stays.untilRows('delivered', 1);
    await closes.page.close();
    await stays.send('two');
    await stays.untilRows('delivered', 2);
    const third = await stage.open(user, profile);
    await stays.send('three');
    await third.untilShown(1);
    expect(await third.shown()).toMatchObject([{ seq: 3, title: 'three' }]);
    await stays.untilShown(3);
    expect((await stays.shown()).map(({ seq }) => seq)).toEqual([1, 2, 3]);
  });
});

it('resumes in a new tab after the last one was closed', { timeout }, async () => {
  const [user, profile] = [stage.newUser(), await stage.profile()];
  const first = await stage.open(user, profile);
  await first.send('seen');
  await first.untilRows('delivered', 1);
  await first.page.close();
  for (const title of ['one', 'two', 'three']) {
    await stage.server.post({ to: `user:${user}`, event: 'hello', notification: { title } });
  }
  const again = await stage.open(user, profile);
  await again.untilShown(3);
  expect((await again.shown()).map(({ seq, title }) => [seq, title])).toEqual([
    [2, 'one'],
    [3, 'two'],
    [4, 'three'],
  ]);
  expect((await again.shown()).map(({ way }) => way)).toEqual(['caught up', 'caught up', 'caught up']);
});
