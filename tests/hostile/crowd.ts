// Somebody who uses Carillon while others attack it: sends to itself, and measures how long each message
// takes.
import { Peer } from '../conformance/peer.ts';
import type { Stage } from '../conformance/stage.ts';

export interface Latency {
  readonly count: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly worstMs: number;
}

/** One message after the other until told to stop: from before the POST to the frame on the socket. */
export class Bystander {
  #isStopped = false;
  readonly #samples: number[] = [];
  readonly #done: Promise<void>;
  readonly #peer: Peer;

  private constructor(stage: Stage, peer: Peer) {
    this.#peer = peer;
    this.#done = this.#run(stage);
  }

  static async start(stage: Stage): Promise<Bystander> {
    return new Bystander(stage, await Peer.open(stage));
  }

  async stop(): Promise<Latency> {
    this.#isStopped = true;
    await this.#done;
    await this.#peer.end();
    const sorted = this.#samples.toSorted((a, b) => a - b);
    const at = (share: number) => Math.round(sorted[Math.floor(sorted.length * share)] ?? 0);
    const worstMs = Math.round(sorted.at(-1) ?? 0);
    return { count: sorted.length, medianMs: at(0.5), p99Ms: at(0.99), worstMs };
  }

  async #run(stage: Stage): Promise<void> {
    while (!this.#isStopped) {
      const startedAt = performance.now();
      const id = await stage.post(this.#peer.user);
      const { seq } = await this.#peer.got((frame) => frame.id === id);
      this.#samples.push(performance.now() - startedAt);
      this.#peer.send({ type: 'ack', log: 'user', seq });
      // A client of good manners stays below 50 frames per second.
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }
}
