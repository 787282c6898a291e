/**
 * The metrics of a process, over one registry.
 * Names begin with `carillon_`; a user, message or topic is never a label.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, type Metric, Registry } from 'prom-client';
import { Tally, type TallyFacts } from './tally.js';

export interface MetricFacts<L extends string> {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly L[];
}

/** From 1 ms to 30 s, for durations in seconds. */
export const durationBuckets = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30];

/** Asking twice for one name gives the same metric, so modules in one process may share it. */
export class Metrics {
  readonly #registry = new Registry();

  /** Only rises. */
  counter<L extends string = never>({ name, help, labels = [] }: MetricFacts<L>): Counter<L> {
    return this.#once(
      name,
      () => new Counter({ name, help, labelNames: labels, registers: [this.#registry] }),
    );
  }

  /** Distribution in base units (seconds, bytes). */
  histogram<L extends string = never>(facts: MetricFacts<L> & { readonly buckets?: number[] }): Histogram<L> {
    const { name, help, labels = [], buckets = durationBuckets } = facts;
    return this.#once(
      name,
      () => new Histogram({ name, help, labelNames: labels, buckets, registers: [this.#registry] }),
    );
  }

  /** The same for what happens with every message. */
  tally(facts: TallyFacts): Tally {
    return this.#once(facts.name, () => {
      const tally = new Tally(facts);
      // The registry asks a metric for its name and its values, whatever its type says.
      this.#registry.registerMetric(tally as unknown as Metric);
      return tally;
    });
  }

  /** A value that rises and falls; `collect` is asked for it when the metrics are read. */
  gauge<L extends string = never>(facts: MetricFacts<L> & { readonly collect?: () => number }): Gauge<L> {
    const { name, help, labels = [], collect } = facts;
    const collecting = collect && {
      collect(this: Gauge<L>) {
        this.set(collect());
      },
    };
    return this.#once(
      name,
      () => new Gauge({ name, help, labelNames: labels, registers: [this.#registry], ...collecting }),
    );
  }

  /** Adds process memory, CPU, garbage collection and the lag of the event loop. Once per process. */
  collectProcess(): void {
    collectDefaultMetrics({ register: this.#registry });
  }

  /** Prometheus' text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  #once<M extends Counter | Gauge | Histogram | Tally>(name: string, make: () => M): M {
    return (this.#registry.getSingleMetric(name) as unknown as M | undefined) ?? make();
  }
}
