// Reads the delivery counters of the Push nodes every second. A node that was killed keeps what it last
// showed, and its successor counts from zero, so the sum is over all boots.
const everyMs = 1_000;

export type Way = 'live' | 'replay' | 'anti-entropy';

interface Target {
  readonly name: string;
  readonly url: string;
}

type Counts = Record<Way, number>;

const none: Counts = { live: 0, replay: 0, 'anti-entropy': 0 };

export class Scraper {
  private readonly targets: () => readonly Target[];
  private readonly current = new Map<string, Counts>();
  private readonly past: Counts = { ...none };
  private base: Counts = { ...none };
  private timer: NodeJS.Timeout | undefined;

  constructor(targets: () => readonly Target[]) {
    this.targets = targets;
  }

  /** From here on it counts; what the nodes delivered before is somebody else's. */
  async start(): Promise<void> {
    await this.scrape();
    for (const counts of this.current.values()) add(this.base, counts);
    this.timer = setInterval(() => void this.scrape(), everyMs);
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

  private async scrape(): Promise<void> {
    await Promise.all(this.targets().map((target) => this.scrapeOne(target)));
  }

  private async scrapeOne({ name, url }: Target): Promise<void> {
    let text: string;
    try {
      text = await (await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(2_000) })).text();
    } catch {
      return; // it is dead or being killed; the last figures stay
    }
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

function add(to: Counts, more: Counts): void {
  for (const way of Object.keys(none) as Way[]) to[way] += more[way];
}
