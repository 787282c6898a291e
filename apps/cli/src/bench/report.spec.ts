/** The page of a result: complete, harmless, and without the network. */
import { describe, expect, it } from 'vitest';
import { histogramChart, niceScale } from './chart.js';
import { someResult } from './outturn.fixture.js';
import { escaped, reportPage } from './report.js';
import type { Tally } from './tally.js';

const miss = (tally: Tally) => {
  tally.counts.missing = 1;
  tally.missing = [{ id: 'msg_1', user: 'bench-a-1' }];
};
const hostile = `"><script>alert('x')</script>&`;

describe('a report', () => {
  it('has the sentence, the figures, the charts, the command and the versions', () => {
    const page = reportPage(someResult());
    expect(page).toMatch(/^<!doctype html>/);
    for (const part of [
      '200 of 200 accepted messages',
      'How long it took',
      '<span>carillon bench end-to-end</span> <span>--seed 7</span>',
    ])
      expect(page).toContain(part);
    for (const part of [
      'carillon 0.1.0, server 0.1.0',
      'Client and server ran on one machine',
      'CPU of this tool',
    ])
      expect(page).toContain(part);
    expect(page.match(/<svg /g)).toHaveLength(3);
    expect(page).toMatch(/aria-label="POST to handler"/);
  });

  it('escapes every text that comes from outside', () => {
    const page = reportPage(
      someResult({
        plan: { url: `http://${hostile}`, run: hostile },
        made: { command: hostile, serverVersion: hostile, cpus: hostile, startedAt: hostile, node: hostile },
        tally: (tally) => {
          tally.code('socketsRefused', hostile);
          tally.code('messagesRefused', hostile);
          tally.missing = [{ id: hostile, user: hostile }];
        },
      }),
    );
    expect(page).not.toContain('<script');
    expect(page).not.toContain(`'x'`);
    expect(page.split('&#60;script&#62;').length).toBeGreaterThan(10);
    expect(page.replaceAll(/&#\d+;/g, '')).not.toContain('&');
  });

  it('loads and runs nothing', () => {
    const page = reportPage(someResult({ plan: { url: 'http://local' } })).replaceAll('http://local', '');
    expect(page).not.toMatch(/https?:|\/\/|@import|url\(|<script|<link(?! rel="icon" href="data:,")| on\w+=/);
    expect(page).toContain(`default-src 'none'`);
  });

  it.each([
    ['bad', { tally: miss }, 'FAILED'],
    ['late', { outturn: { endedEarly: true } }, 'ENDED EARLY'],
    ['good', {}, 'OK'],
  ])('shows a verdict that is %s', (tone, spoilt, word) => {
    expect(reportPage(someResult(spoilt))).toContain(`<div class="verdict ${tone}"><strong>${word}</strong>`);
  });

  it('says where to ask for what is missing', () => {
    const page = reportPage(someResult({ tally: miss }));
    expect(page).toContain('<code>/v1/messages/msg_1/deliveries/bench-a-1</code>');
  });

  it('draws a single measurement, and none at all', () => {
    const one = someResult({
      tally: (tally) => {
        Object.assign(tally.counts, { arrived: 0 });
        tally.series.arrived = [];
        tally.series.accepted = [1];
      },
    });
    expect(reportPage(one)).not.toMatch(/NaN|Infinity|undefined/);
    const durations = {
      count: 1,
      meanMs: 3,
      p50Ms: 3,
      p90Ms: 3,
      p99Ms: 3,
      maxMs: 3,
      slices: [{ uptoMs: 3, count: 1 }],
    };
    expect(histogramChart('One', durations)).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('keeps a number and its unit together', () => {
    expect(escaped('within 20 ms, 99 % of 3 sockets')).toBe('within 20\u00a0ms, 99\u00a0% of 3 sockets');
  });
});

describe('a scale', () => {
  it.each([
    [1, 1, 0.5],
    [7, 8, 2],
    [100, 100, 50],
    [101, 150, 50],
    [0.3, 0.3, 0.1],
  ])('up to %d ends at %d in steps of %d', (value, top, step) => {
    const scale = niceScale(value);
    expect(scale.top).toBeCloseTo(top);
    expect(scale.ticks[1]).toBeCloseTo(step);
  });
});
