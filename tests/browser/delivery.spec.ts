// A message on its way from the form to the user's page and back into the sender's list, in a real browser.
import { describe, expect, it } from 'vitest';
import { upTo, useStage } from './stage.ts';

const timeout = 120_000;
const stage = useStage();

describe('the demo page', () => {
  it('shows a message live, and what became of it', { timeout }, async () => {
    const user = stage.newUser();
    const demo = await stage.open(user);
    await demo.send('Your order is paid', 'Order 771');
    await demo.untilShown(1);
    await demo.untilRows('delivered', 1);

    const [shown] = await demo.shown();
    expect(shown).toMatchObject({ seq: 1, title: 'Your order is paid', body: 'Order 771' });
    expect(shown?.way).toMatch(/^live, \d+ ms$/);
    const [row] = await demo.rows();
    expect(row).toMatchObject({ status: 'delivered', title: 'Your order is paid', id: shown?.id });
    const sentence = `Message ${shown?.id} (order.paid) for user ${user}: DELIVERED to 1 of 1 device, `;
    expect(row?.summary?.slice(0, sentence.length)).toBe(sentence);
    expect(row?.summary?.slice(sentence.length)).toMatch(/^[\d.]+ m?s after it was accepted\.$/);
    expect(demo.faults).toEqual([]);
  });

  it('shows fifty in the order in which they were sent, each once', { timeout }, async () => {
    const demo = await stage.open(stage.newUser());
    await demo.sendFifty('n');
    await demo.untilRows('delivered', 50);
    const shown = await demo.shown();
    expect(shown.map(({ seq }) => seq)).toEqual(upTo(50));
    expect(shown.map(({ title }) => title)).toEqual(upTo(50).map((n) => `n (${n})`));
    expect(shown.map(({ id }) => id)).toEqual((await demo.rows()).map(({ id }) => id));
    expect(await demo.tally()).toBe('50 received · #1 to #50 · in order · none twice');
    expect(demo.faults).toEqual([]);
  });

  it('shows what was posted elsewhere, also without a notification', { timeout }, async () => {
    const user = stage.newUser();
    const demo = await stage.open(user);
    const { id } = await stage.server.post({ to: `user:${user}`, event: 'stock.low', data: { left: 3 } });
    await demo.untilShown(1);
    expect(await demo.shown()).toMatchObject([{ seq: 1, id, title: 'stock.low', body: '{"left":3}' }]);
    expect(await demo.rows()).toEqual([]);
  });

  it('says that a message for somebody who was never here waits for them', { timeout }, async () => {
    const [user, other] = [stage.newUser(), stage.newUser()];
    const demo = await stage.open(user);
    await demo.write({ to: `user:${other}` });
    await demo.send('For you');
    await demo.untilRows('queued', 1);
    expect((await demo.rows())[0]?.summary).toContain('no device of this user has ever connected');

    const theirs = await stage.open(other);
    await theirs.untilShown(1);
    await demo.untilRows('delivered', 1);
    expect(await theirs.shown()).toMatchObject([{ seq: 1, title: 'For you', way: 'caught up' }]);
  });

  it('says what is wrong with a message that is refused, and goes on with the next', {
    timeout,
  }, async () => {
    const demo = await stage.open(stage.newUser());
    await demo.write({ event: 'not an event' });
    await demo.send('Refused');
    await demo.untilRows('refused', 1);
    await demo.write({ event: 'order.paid' });
    await demo.send('Taken');
    await demo.untilRows('delivered', 1);
    expect((await demo.rows())[0]).toMatchObject({ title: 'Refused', status: 'refused' });
    expect((await demo.rows())[0]?.summary).toMatch(/^event: /);
    expect(await demo.shown()).toMatchObject([{ seq: 1, title: 'Taken' }]);
  });

  it.each([
    ['in another browser', false],
    ['in the same browser', true],
  ])('shows nothing of it to another user %s', { timeout }, async (_, isSameProfile) => {
    const [user, other] = [stage.newUser(), stage.newUser()];
    const profile = await stage.profile();
    const mine = await stage.open(user, profile);
    const theirs = await stage.open(other, isSameProfile ? profile : await stage.profile());
    await mine.sendFifty('mine');
    await mine.untilRows('delivered', 50);
    // Their own message proves that their page works, and comes after anything that had strayed.
    await theirs.send('theirs');
    await theirs.untilRows('delivered', 1);
    expect(await theirs.shown()).toMatchObject([{ seq: 1, title: 'theirs' }]);
    expect(await mine.shown()).toHaveLength(50);
  });
});
