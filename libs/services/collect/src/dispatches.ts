/** Which Dispatches are alive, from what they announce each second. Must never be told by anybody else. */
import { type DispatchAnnouncement, fromJsonBytes, subjects } from '@carillon/domain';
import { Bus, type BusMessage, Clock, type Subscription } from '@carillon/domain/ports';
import { Injectable } from '@nestjs/common';
import { CollectOptions } from './collect-options.js';

/** More than this many at once are not remembered; batches go to those that are. */
const dispatchesMax = 256;
/** An id becomes part of a subject. */
const idPattern = /^[A-Za-z0-9_~-]{1,130}$/;

@Injectable()
export class Dispatches {
  private readonly heardAt = new Map<string, number>();
  private subscription: Subscription | undefined;
  private turn = 0;

  constructor(
    private readonly bus: Bus,
    private readonly clock: Clock,
    private readonly options: CollectOptions,
  ) {}

  /** Calls back after every announcement. */
  listen(onHeard: () => void): void {
    this.subscription = this.bus.subscribe(subjects.dispatchAnnouncements, (message) => {
      if (this.hear(message)) onHeard();
    });
  }

  close(): void {
    this.subscription?.unsubscribe();
  }

  /** How many were heard lately. */
  get count(): number {
    return this.alive().length;
  }

  /** One that was heard lately, in turns; undefined when there is none. */
  pick(): string | undefined {
    const ids = this.alive();
    this.turn += 1;
    return ids[this.turn % ids.length];
  }

  /** Did not answer: not picked until it announces itself again. */
  drop(id: string): void {
    this.heardAt.delete(id);
  }

  /** The bus was away, so what was heard is stale: each counts again with its next announcement. */
  dropAll(): void {
    this.heardAt.clear();
  }

  private hear({ data }: BusMessage): boolean {
    const id = idIn(data);
    if (id === undefined) return false;
    if (!this.heardAt.has(id) && this.heardAt.size >= dispatchesMax) this.forgetSilent();
    if (!this.heardAt.has(id) && this.heardAt.size >= dispatchesMax) return false;
    this.heardAt.set(id, this.clock.monotonic());
    return true;
  }

  private alive(): string[] {
    const since = this.clock.monotonic() - this.options.dispatchHeardMs;
    return [...this.heardAt].flatMap(([id, at]) => (at > since ? [id] : []));
  }

  private forgetSilent(): void {
    const alive = new Set(this.alive());
    for (const id of this.heardAt.keys()) if (!alive.has(id)) this.heardAt.delete(id);
  }
}

function idIn(data: Uint8Array): string | undefined {
  try {
    const { id } = fromJsonBytes<Partial<DispatchAnnouncement>>(data);
    return typeof id === 'string' && idPattern.test(id) ? id : undefined;
  } catch {
    return undefined; // not an announcement of this version
  }
}
