// Reads the delivery counters of the Push nodes every second. A node that was killed keeps what it last
// showed, and its successor counts from zero, so the sum is over all boots. How late an event loop was is
// measured anew after each look, so nobody else may look while it counts.
const everyMs = 1_000;
const answerWithinMs = 2_000;

export type Way = 'live' | 'replay' | 'anti-entropy';

interface Target {
  readonly name: string;
  readonly url: string;
}

/** How late an event loop was. */
export interface LoopLag {
  readonly p99Ms: number;
  readonly maxMs: number;
}

type Counts = Record<Way, number>;

const lags = {
  p99: /^nodejs_eventloop_lag_p99_seconds (\S+)/m,
  max: /^nodejs_eventloop_lag_max_seconds (\S+)/m,
};

const none: Counts = { live: 0, replay: 0, 'anti-entropy': 0 };

export class Scraper {
  private readonly targets: () => readonly Target[];
  private readonly current = new Map<string, Counts>();
  private readonly past: Counts = { ...none };
  private base: Counts = { ...none };
  private timer: NodeJS.Timeout | undefined;
  private lag: LoopLag = { p99Ms: 0, maxMs: 0 };
  private looks = 0;
  private tail: Promise<void> = Promise.resolve();

  constructor(targets: () => readonly Target[]) {
    this.targets = targets;
  }

  /** From here on it counts; what the nodes delivered before is somebody else's. */
  async start(): Promise<void> {
    await this.scrape();
    for (const counts of this.current.values()) add(this.base, counts);
    this.timer = setInterval(() => {
      if (this.looks === 0) void this.scrape();
    }, everyMs);
  }

  /** Reads once more, then no more. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.scrape();
  }

  /** Of all deliveries that were settled, how many came which way. */
  shares(): Counts {
    const total = { ...this.past };
    for (const counts of this.current.values()) add(total, counts);
    for (const way of Object.keys(none) as Way[]) total[way] -= this.base[way];
    const sum = total.live + total.replay + total['anti-entropy'];
    return {
      live: total.live / sum,
      replay: total.replay / sum,
      'anti-entropy': total['anti-entropy'] / sum,
    };
  }

  /** Of the slowest second of a node since this was last asked, milliseconds; NaN where one was mute. */
  async loopLag(): Promise<LoopLag> {
    await this.scrape();
    const lag = this.lag;
    this.lag = { p99Ms: 0, maxMs: 0 };
    return lag;
  }

  /** One look at a time, or an older one would count for a newer. */
  private scrape(): Promise<void> {
    this.looks++;
    this.tail = this.tail.then(async () => {
      await Promise.all(this.targets().map((target) => this.scrapeOne(target)));
      this.looks--;
    });
    return this.tail;
  }

  private async scrapeOne({ name, url }: Target): Promise<void> {
    let text: string;
    try {
      text = await (await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(answerWithinMs) })).text();
    } catch {
      this.lag = { p99Ms: Number.NaN, maxMs: Number.NaN };
      return; // it is dead or being killed; the last figures stay
    }
    this.lag = {
      p99Ms: Math.max(this.lag.p99Ms, lagMs(text, 'p99')),
      maxMs: Math.max(this.lag.maxMs, lagMs(text, 'max')),
    };
    const counts = parse(text);
    const before = this.current.get(name);
    if (before && counts.live < before.live) add(this.past, before);
    this.current.set(name, counts);
  }
}

function parse(text: string): Counts {
  const counts = { ...none };
  for (const [, labels = '', value] of text.matchAll(/^carillon_deliveries_total\{([^}]*)\} (\d+)/gm)) {
    const way = /way="([^"]*)"/.exec(labels)?.[1];
    if (way !== undefined && way in counts) counts[way as Way] += Number(value);
  }
  return counts;
}

function lagMs(text: string, which: keyof typeof lags): number {
  return Number(lags[which].exec(text)?.[1]) * 1_000;
}

function add(to: Counts, more: Counts): void {
  for (const way of Object.keys(none) as Way[]) to[way] += more[way];
}
