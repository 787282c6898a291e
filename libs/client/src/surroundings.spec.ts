/** The browser's own surroundings, as far as they can be had without a browser. */
import { afterEach, expect, it, vi } from 'vitest';
import { browserSurroundings } from './surroundings.js';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

it('a timer runs once, is set anew by another call and stops by an empty one', () => {
  vi.useFakeTimers();
  const timer = browserSurroundings({}).timer();
  const runs: string[] = [];
  timer(() => runs.push('one'), 100);
  timer(() => runs.push('two'), 200);
  vi.advanceTimersByTime(1_000);
  timer(() => runs.push('three'), 100);
  timer();
  vi.advanceTimersByTime(1_000);
  expect(runs).toEqual(['two']);
});

it.each(['online', 'visibilitychange'])('%s wakes until the signal aborts', (kind) => {
  const page = new EventTarget();
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
  const stop = new AbortController();
  let wakes = 0;
  browserSurroundings({}).onWake(() => {
    wakes += 1;
  }, stop.signal);
  page.dispatchEvent(new Event(kind));
  expect(wakes).toBe(1);
  stop.abort();
  page.dispatchEvent(new Event(kind));
  expect(wakes).toBe(1);
});

it('an error goes to reportError, or to the console where there is none', () => {
  const reported: unknown[] = [];
  vi.stubGlobal('reportError', (error: unknown) => reported.push(error));
  browserSurroundings({}).onError('one');
  vi.stubGlobal('reportError', undefined);
  vi.stubGlobal('console', { error: (error: unknown) => reported.push(error) });
  browserSurroundings({}).onError('two');
  expect(reported).toEqual(['one', 'two']);
});

it('everything can be replaced', () => {
  const random = () => 0.25;
  expect(browserSurroundings({ random }).random()).toBe(0.25);
});
