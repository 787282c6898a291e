/**
 * Entries of one log on their way to its followers: as one buffer to those who are ready for all of them, by
 * way of the ring to the others.
 */
import type { DoorbellView, LogKey } from '@carillon/domain';
import type { Moment } from '../session/moment.js';
import type { Pump } from '../session/pump.js';
import type { Rings } from '../session/ring.js';
import { type ReadyEntry, readyBell, type Volley, volleyOf } from '../session/volley.js';

export class Tidings {
  private entries: ReadyEntry[] = [];
  private last = 0;
  private volley: Volley | undefined;
  /** Nobody was told yet: more may be added. */
  private isOpen = true;
  /** Its entries may be written together. */
  private isWhole = true;
  private isInRing = false;

  /** `entriesMax`: more than that and the first go, they are in the store. */
  constructor(
    private readonly log: LogKey,
    private readonly rings: Rings,
    private readonly entriesMax: number,
  ) {}

  /** Only before anybody was told. */
  add(bell: DoorbellView): void {
    this.last = Math.max(this.last, bell.seq);
    const entry = readyBell(bell);
    if (entry) this.entries.push(entry);
    if (this.entries.length > this.entriesMax) this.entries.shift();
    this.isInRing = false;
  }

  /** One was marked: if it is of these, the ring must know them, so that it can hold the mark. */
  part(seq: number): void {
    if (!this.entries.some((entry) => entry.seq === seq)) return;
    this.isWhole = false;
    this.keep();
  }

  give(pump: Pump, moment: Moment): void {
    if (this.isOpen) this.close();
    const volley = this.isWhole ? this.volley : undefined;
    if (volley && this.rings.isFresh(volley.acceptedAt, moment.wall) && pump.hear(volley, moment)) return;
    this.keep();
    pump.hearOf(this.last);
    pump.run();
  }

  private close(): void {
    this.isOpen = false;
    if (this.isWhole) this.volley = volleyOf(this.entries);
  }

  private keep(): void {
    if (this.isInRing) return;
    this.isInRing = true;
    for (const entry of this.entries) this.rings.put(this.log, entry);
  }
}
