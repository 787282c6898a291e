// That a tally cannot be told from a histogram of prom-client by whoever reads the metrics.
import { Histogram, Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { Metrics } from './metrics.js';

const facts = { name: 'carillon_test_seconds', help: 'A test', buckets: [0.1, 1, 10] };
const values = [0, 0.1, 0.100_1, 1, 3, 10, 10.5, 4_000];

it('says what a histogram of prom-client says of the same', async () => {
  const registry = new Registry();
  const histogram = new Histogram({ ...facts, labelNames: ['way'], registers: [registry] });
  const metrics = new Metrics();
  for (const way of ['live', 'replay']) {
    const series = metrics.tally(facts).of({ way });
    for (const value of values) {
      histogram.observe({ way }, value);
      series.observe(value);
    }
  }
  expect(await metrics.text()).toBe(await registry.metrics());
});

it('says nothing but zeros of what never happened', async () => {
  const metrics = new Metrics();
  metrics.tally(facts).of({ way: 'live' });
  const text = await metrics.text();
  expect(text).toContain('carillon_test_seconds_bucket{le="+Inf",way="live"} 0');
  expect(text).toContain('carillon_test_seconds_count{way="live"} 0');
});

it('is one metric for all who ask for its name', () => {
  const metrics = new Metrics();
  expect(metrics.tally(facts)).toBe(metrics.tally(facts));
  const labels = { way: 'live', kind: 'a' };
  expect(metrics.tally(facts).of(labels)).toBe(metrics.tally(facts).of({ kind: 'a', way: 'live' }));
});
