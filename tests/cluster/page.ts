// A page with the real SDK on one node, and what it was given. Must hide nothing that arrives.
import { Carillon, type CursorStore, type Message, type Move } from '@carillon/client';
import type { ClusterNode } from './node.js';

const patienceMs = 15_000;

export interface PageOptions {
  readonly user: string;
  readonly node: ClusterNode;
  /** Patterns that its token allows. */
  readonly topics?: readonly string[];
  /** Positions and device that outlive the page. */
  readonly memory?: CursorStore;
}

/** Positions as a browser keeps them, for one page after another. */
export function memoryOf(device: string): CursorStore {
  let last: Move | undefined;
  const cursors: Record<string, number> = {};
  return {
    device,
    load: () => last && { user: last.user, epoch: last.epoch, cursors },
    keep(move) {
      last = move;
      cursors[move.log] = move.seq;
    },
  };
}

export class Page {
  readonly messages: Message[] = [];
  readonly reads: string[] = [];
  readonly refusals: string[] = [];
  readonly gaps: string[] = [];
  readonly sdk: Carillon;
  private wake: () => void = () => {};

  constructor({ user, node, topics = [], memory }: PageOptions) {
    this.sdk = new Carillon(node.url, {
      token: () => node.token(user, topics),
      ...(memory ? { cursors: memory } : {}),
    });
    this.sdk.on('message', (message) => this.note(this.messages, message));
    this.sdk.on('read', (ids) => {
      for (const id of ids) this.note(this.reads, id);
    });
    this.sdk.on('error', ({ code }) => this.note(this.refusals, code));
    this.sdk.on('gap', ({ log }) => this.note(this.gaps, log));
  }

  /** Events in the order of arrival. */
  get events(): string[] {
    return this.messages.map(({ event }) => event);
  }

  /** Resolves when it is so. @throws with what there is instead */
  async until(isSo: () => boolean): Promise<void> {
    const end = Date.now() + patienceMs;
    const timer = setInterval(() => this.wake(), 100);
    try {
      while (!isSo()) {
        if (Date.now() > end) throw new Error(`after ${patienceMs} ms: ${JSON.stringify(this.seen())}`);
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
      }
    } finally {
      clearInterval(timer);
    }
  }

  private seen() {
    return { events: this.events, reads: this.reads, refusals: this.refusals, gaps: this.gaps };
  }

  private note<T>(list: T[], item: T): void {
    list.push(item);
    this.wake();
  }
}
