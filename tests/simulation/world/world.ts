/**
 * The one simulated time of a run and the order in which everything happens. Promises settle between two
 * events, so the machine's own speed decides nothing.
 */
import type { Timer } from '@carillon/domain/ports';
import { SeededRandom } from '@carillon/testkit';
import { History } from './history.js';
import { calm, type Weather } from './weather.js';

interface Event {
  readonly at: number;
  readonly order: number;
  task: (() => void) | undefined;
}

/** Events per turn of the machine's loop; it lets promises settle after each of them. */
const eventsPerTurn = 64;
/** A run that needs more is stuck in a circle. */
const eventsMax = 3_000_000;

export class World {
  /** Wall time at the start, epoch milliseconds. */
  readonly startMs = 1_800_000_000_000;
  readonly history = new History(this);
  /** How often each fault strikes at this moment. */
  weather: Weather = calm;
  /** Milliseconds since the start. */
  time = 0;
  events = 0;
  #order = 0;
  readonly #heap: Event[] = [];

  constructor(readonly seed: number) {}

  /** A stream of chance of its own, so that what one part draws changes nothing for another. */
  chance(name: string): SeededRandom {
    let hash = this.seed * 0x9e3779b1;
    for (let at = 0; at < name.length; at += 1) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
    const random = new SeededRandom(hash ^ this.seed);
    random.next();
    return random;
  }

  after(ms: number, task: () => void): Timer {
    const event: Event = { at: this.time + Math.max(0, ms), order: this.#order++, task };
    this.#push(event);
    return {
      cancel: () => {
        event.task = undefined;
      },
    };
  }

  /** Lets time pass until then; rejects with what an event throws. */
  run(until: number): Promise<void> {
    return new Promise((resolve, reject) => {
      let left = 0;
      let isOver = false;
      const end = (settle: () => void) => {
        isOver = true;
        settle();
      };
      const step = () => {
        left -= 1;
        if (isOver) return;
        try {
          if (!this.#step(until)) end(resolve);
        } catch (error) {
          end(() => reject(error as Error));
        }
        if (left === 0 && !isOver) turn();
      };
      const turn = () => {
        left = eventsPerTurn;
        for (let at = 0; at < eventsPerTurn; at += 1) setImmediate(step);
      };
      turn();
    });
  }

  #step(until: number): boolean {
    for (;;) {
      const next = this.#heap[0];
      if (!next || next.at > until) {
        this.time = until;
        return false;
      }
      this.#pop();
      if (!next.task) continue;
      this.events += 1;
      if (this.events > eventsMax) throw new Error('the run goes in a circle');
      this.time = next.at;
      next.task();
      return true;
    }
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = heap[up] as Event;
      if (!isBefore(event, parent)) break;
      heap[at] = parent;
      at = up;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Event;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Event, heap[child] as Event)) child += 1;
      if (!isBefore(heap[child] as Event, last)) break;
      heap[at] = heap[child] as Event;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
