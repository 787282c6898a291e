// A peer with a load client of its own, ready to be measured; and what is said of those that cannot be had.
import { measured } from './carillon-rig.ts';
import type { Absent, Sample } from './contest.ts';
import { LoadClient, type PostOrder } from './load-client.ts';
import type { Peer } from './peers/peer.ts';
import type { Bench } from './scenario.ts';

const openTimeoutMs = 120_000;

interface OpenExtra {
  readonly retry?: boolean;
  readonly atOnce?: number;
  /** The number of the first, where others are open already. */
  readonly first?: number;
}

export class PeerRig {
  readonly peer: Peer;
  readonly load: LoadClient;
  /** Sockets that `open` has opened. */
  opened = 0;

  constructor(bench: Bench, peer: Peer, clients = 1) {
    this.peer = peer;
    this.load = new LoadClient(bench.program, bench.pins, clients);
    bench.resources.add(this);
  }

  /** Opens sockets, spread over the processes that hold them. */
  async open(count: number, extra: OpenExtra = {}): Promise<void> {
    const goal = count + (extra.first ?? 0);
    this.beginOpening(count, extra);
    await this.load.until(({ open }) => open === goal, openTimeoutMs, `${goal} sockets open`);
    this.opened += count;
  }

  beginOpening(count: number, { first = 0, ...extra }: OpenExtra = {}): void {
    const { socketUrls, mode } = this.peer;
    const share = Math.ceil(count / socketUrls.length);
    for (const [at, url] of socketUrls.entries()) {
      const own = Math.min(share, count - at * share);
      const users = first + count;
      this.load.sockets(
        {
          url,
          mode,
          first: first + at * share,
          count: own,
          users,
          ackEvery: 0,
          ackMs: 0,
          ...extra,
        },
        at,
      );
    }
  }

  /** Posts and waits until all has arrived: each message so many times. */
  round(order: Omit<PostOrder, 'url'>, times = 1): Promise<Sample> {
    return measured({
      load: this.load,
      processes: this.peer.processes(),
      deliveries: order.messages * times,
      begin: () => this.load.posts({ ...order, url: this.peer.postUrl }),
    });
  }

  /** The raw server sends by itself, to each socket in turns. */
  unicast(messages: number): Promise<Sample> {
    return measured({
      load: this.load,
      processes: this.peer.processes(),
      deliveries: messages,
      begin: () => fetch(`${this.peer.postUrl}/unicast?messages=${messages}`),
      isDone: ({ received }) => received >= messages,
    });
  }

  async stop(): Promise<void> {
    this.load.end();
    await this.peer.stop();
  }
}

/** The rig, or why there is none. */
export async function peerRig(
  bench: Bench,
  name: string,
  start: () => Promise<Peer>,
): Promise<PeerRig | Absent> {
  try {
    return new PeerRig(bench, await start());
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    bench.progress.say(`${name}: NOT MEASURED: ${reason}`);
    return { name, reason };
  }
}
