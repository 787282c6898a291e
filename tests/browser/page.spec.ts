// The page as a page: hostile text stays text, it works by keyboard, on a narrow screen, and can be read.
import { describe, expect, it } from 'vitest';
import type { DemoPage } from './demo-page.ts';
import { useStage } from './stage.ts';

const timeout = 120_000;
const stage = useStage();

const hostile = [
  '<img src=x onerror=window.hostile=1>',
  '<script>window.hostile=1</script>',
  '"><svg onload=window.hostile=1>',
  'javascript:window.hostile=1',
  '&lt;b&gt; {{7*7}} %3Cb%3E',
  '\u202Egnp.exe',
];

describe('hostile text', () => {
  it('is shown as it was written, in titles, texts and data', { timeout }, async () => {
    const user = stage.newUser();
    const demo = await stage.open(user);
    for (const text of hostile) await demo.send(text, text);
    await demo.untilRows('delivered', hostile.length);
    const data = { [hostile[0] ?? '']: hostile };
    await stage.server.post({ to: `user:${user}`, event: 'hello', data });
    await demo.untilShown(hostile.length + 1);

    const shown = await demo.shown();
    const written = hostile.map((text) => text.trim());
    expect(shown.slice(0, -1).map(({ title }) => title)).toEqual(written);
    expect(shown.slice(0, -1).map(({ body }) => body)).toEqual(written);
    expect(shown.at(-1)?.body).toBe(JSON.stringify(data));
    expect((await demo.rows()).map(({ title }) => title)).toEqual(written);
    await expectHarmless(demo);
  });

  it('does nothing as a user, an addressee or an event either', { timeout }, async () => {
    const demo = await stage.open('<img src=x onerror=window.hostile=1>');
    expect(await demo.page.textContent('#user-name')).toBe('42');
    for (const text of hostile.slice(0, 4)) {
      await demo.write({ to: `user:${text}`, event: text });
      await demo.send(text);
    }
    await demo.untilRows('refused', 4);
    // A refusal is an answer of 422, which the console reports as well; nothing else may be there.
    expect(demo.faults.filter((fault) => !fault.includes('status of 422'))).toEqual([]);
    demo.faults.length = 0;
    await expectHarmless(demo);
  });
});

async function expectHarmless(demo: DemoPage): Promise<void> {
  expect(await demo.page.evaluate(() => 'hostile' in window)).toBe(false);
  expect(await demo.page.locator('.list :is(img, svg, script, a, b)').count()).toBe(0);
  expect(demo.faults).toEqual([]);
}

describe('by keyboard', () => {
  it('everything can be reached in the order of reading, and shows where one is', { timeout }, async () => {
    const { page } = await opened('a');
    const stops = [
      ['textbox', 'User'],
      ['button', 'Switch'],
      ['textbox', 'To'],
      ['textbox', 'Event'],
      ['textbox', 'Title'],
      ['textbox', 'Text'],
      ['button', 'Send'],
      ['button', 'Send 50 in a row'],
      ['list', 'Messages, newest first'],
      ['list', 'Sent messages, newest first'],
      ['link', 'Open a second tab'],
      ['link', 'Be another user'],
    ] as const;
    // Tab begins at the top of a page that nobody has clicked yet.
    await page.reload();
    await page.locator('#inbox > [data-seq]').waitFor();
    for (const [role, name] of stops) {
      await page.keyboard.press('Tab');
      const stop = page.getByRole(role, { name, exact: true });
      const [isFocused, outline] = await stop.evaluate((element) => {
        const { outlineStyle, outlineWidth } = getComputedStyle(element);
        return [element === document.activeElement, `${outlineStyle} ${outlineWidth}`] as const;
      });
      expect([name, isFocused, outline]).toEqual([name, true, 'solid 2px']);
    }
  });

  it('Enter sends, and the lists scroll', { timeout }, async () => {
    const demo = await stage.open(stage.newUser());
    await demo.page.getByLabel('Title').fill('by keyboard');
    await demo.page.keyboard.press('Enter');
    await demo.untilRows('delivered', 1);
    expect(await demo.shown()).toMatchObject([{ title: 'by keyboard' }]);
    await demo.sendFifty('n');
    await demo.untilRows('delivered', 51);
    for (const id of ['inbox', 'outbox']) {
      await demo.page.focus(`#${id}`);
      await demo.page.keyboard.press('End');
      await demo.page.waitForFunction((name) => (document.getElementById(name)?.scrollTop ?? 0) > 0, id);
    }
  });

  it('says the state, and what came, to those who cannot see it', { timeout }, async () => {
    const { page } = await opened('a');
    const said = await page.getByRole('status').allTextContents();
    expect(said).toEqual(
      expect.arrayContaining(['connected', '1 received · #1 · in order · none twice', '1 delivered']),
    );
  });
});

describe('the layout', () => {
  it.each([320, 380, 640, 801, 1_280])('needs no sideways scrolling at %i px', { timeout }, async (width) => {
    const long = 'Donaudampfschifffahrtsgesellschaftskapitän'.repeat(5);
    const demo = await stage.open(stage.newUser(), await stage.profile({ viewport: { width, height: 800 } }));
    expect(await overflow(demo)).toEqual([]);
    await demo.send(long, long);
    await demo.untilRows('delivered', 1);
    expect(await overflow(demo)).toEqual([]);
  });

  it.each(['light', 'dark'] as const)(
    'has text of enough contrast when it is %s',
    { timeout },
    async (colorScheme) => {
      const demo = await stage.open(
        stage.newUser(),
        await stage.profile({ colorScheme, reducedMotion: 'reduce' }),
      );
      expect(await faintTexts(demo)).toEqual([]);
      await demo.send('delivered');
      await demo.untilRows('delivered', 1);
      await demo.page.route('**/v1/messages', (route) => route.abort());
      await demo.send('kept');
      await demo.untilRows('kept', 1);
      expect(await faintTexts(demo)).toEqual([]);
    },
  );
});

async function opened(title: string): Promise<DemoPage> {
  const demo = await stage.open(stage.newUser());
  await demo.send(title);
  await demo.untilRows('delivered', 1);
  return demo;
}

/** What sticks out of the window to the side. */
function overflow({ page }: DemoPage): Promise<string[]> {
  return page.evaluate(() => {
    const { clientWidth, scrollWidth } = document.documentElement;
    const wide = [...document.querySelectorAll('body *')].filter(
      (element) => element.getBoundingClientRect().right > clientWidth + 0.5,
    );
    const names = wide.map((element) => `${element.tagName.toLowerCase()}.${element.className}`);
    return scrollWidth > clientWidth ? [`page of ${scrollWidth} px`, ...names] : names;
  });
}

/** Texts whose contrast is below 4.5 (WCAG 2.2, 1.4.3), with their ratio. */
function faintTexts({ page }: DemoPage): Promise<string[]> {
  return page.evaluate(() => {
    const numbers = (color: string) => (color.match(/[\d.]+/g) ?? []).map(Number);
    const luminance = (color: string) => {
      const [r = 0, g = 0, b = 0] = numbers(color).map((value) => {
        const share = value / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (element: Element | null): string => {
      if (!element) return 'rgb(255, 255, 255)';
      const color = getComputedStyle(element).backgroundColor;
      return numbers(color)[3] === 0 ? ground(element.parentElement) : color;
    };
    const texts = [...document.querySelectorAll('body *')].filter(
      (element) =>
        element.checkVisibility() &&
        [...element.childNodes].some((node) => node.nodeType === 3 && node.nodeValue?.trim()),
    );
    return texts.flatMap((element) => {
      const lights = [luminance(getComputedStyle(element).color), luminance(ground(element))].sort(
        (a, b) => b - a,
      );
      const ratio = ((lights[0] ?? 0) + 0.05) / ((lights[1] ?? 0) + 0.05);
      return ratio < 4.5 ? [`${element.textContent}: ${ratio.toFixed(2)}`] : [];
    });
  });
}
