/**
 * What a pump has written and the client has not settled: at most a window of entries, in order. Keeps what
 * is known of them, never their frames.
 */

/** One entry on its way. `isSkip`: passed over, there is nothing to deliver. Times are epoch milliseconds. */
export interface Flight {
  readonly seq: number;
  readonly bytes: number;
  readonly acceptedAt: number;
  readonly isSkip: boolean;
}

/** Never changed. */
const none: (readonly Flight[])[] = [];

export class InFlight {
  /** What was written together; shared with other pumps, so never changed. */
  private groups = none;
  /** How many of the first group are settled. */
  private settledOfFirst = 0;
  private entries = 0;
  private total = 0;

  get count(): number {
    return this.entries;
  }

  get bytes(): number {
    return this.total;
  }

  /** `bytes`: of all of them. */
  add(group: readonly Flight[], bytes: number): void {
    // An array that grows from nothing takes room for many; mostly there is one.
    if (this.groups.length === 0) this.groups = [group];
    else this.groups.push(group);
    this.entries += group.length;
    this.total += bytes;
  }

  /** Takes out everything up to and including `seq`, in order. */
  settle(seq: number, onSettled: (flight: Flight) => void): void {
    let done = 0;
    for (let group = this.groups[done]; group; group = this.groups[done]) {
      for (let flight = group[this.settledOfFirst]; flight; flight = group[++this.settledOfFirst]) {
        if (flight.seq > seq) break;
        this.entries--;
        this.total -= flight.bytes;
        onSettled(flight);
      }
      if (this.settledOfFirst < group.length) break;
      this.settledOfFirst = 0;
      done++;
    }
    if (done > 0) this.groups = done < this.groups.length ? this.groups.slice(done) : none;
  }
}
