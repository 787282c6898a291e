/** What a pump has written and the client has not settled: at most a window of entries, in order. */

/** One entry on its way. `isSkip`: passed over, there is nothing to deliver. Times are epoch milliseconds. */
export interface Flight {
  readonly seq: number;
  readonly bytes: number;
  readonly acceptedAt: number;
  readonly isSkip: boolean;
}

export class InFlight {
  private flights: Flight[] = [];
  private total = 0;

  get count(): number {
    return this.flights.length;
  }

  get bytes(): number {
    return this.total;
  }

  add(flight: Flight): void {
    this.flights.push(flight);
    this.total += flight.bytes;
  }

  /** Takes out everything up to and including `seq`, in order. */
  settle(seq: number): readonly Flight[] {
    let count = 0;
    while (count < this.flights.length && (this.flights[count] as Flight).seq <= seq) count++;
    const settled = this.flights.slice(0, count);
    this.flights = this.flights.slice(count);
    for (const flight of settled) this.total -= flight.bytes;
    return settled;
  }
}
