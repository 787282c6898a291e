// Where one device is in one log, as it knows it itself: what it has written down, what it has acknowledged,
// and what the hello of its present socket claimed. Must never take what does not follow.

/** What a frame is to a device: the next one, one that it had, or one that leaves something out. */
export type Arrival = 'got' | 'again' | 'again-after-ack' | 'jump';

export class Place {
  /** Written down; only the next one is taken. */
  received = -1;
  /** Acknowledged. */
  settled = -1;
  /** What the server knew to be settled when the present socket began. */
  private claimed = -1;

  get unsettled(): number {
    return this.received - this.settled;
  }

  /** For the hello of a new socket: the position that it claims, none before the first start. */
  claim(): number | undefined {
    this.claimed = this.settled;
    return this.settled < 0 ? undefined : this.settled;
  }

  /** The server says where the log starts. Denied continuity replaces every position. */
  start(from: number, resumed: boolean): void {
    if (this.settled >= 0 && resumed) return;
    this.received = from;
    this.settled = from;
    this.claimed = -1;
  }

  /**
   * Takes the next one. What is repeated came after its ack only if this socket's hello told of that: frames
   * that were on their way when an ack left are no fault of the server's.
   */
  take(seq: number): Arrival {
    if (seq > this.received + 1) return 'jump';
    if (seq <= this.received) return seq <= this.claimed ? 'again-after-ack' : 'again';
    this.received = seq;
    return 'got';
  }

  /** Both inclusive. @returns false when it leaves something out */
  skip(from: number, to: number): boolean {
    if (from > this.received + 1) return false;
    this.received = Math.max(this.received, to);
    return true;
  }

  /** Everything written down is acknowledged now. @returns the ack to send, if there is one */
  settle(): number | undefined {
    if (this.settled >= this.received) return undefined;
    this.settled = this.received;
    return this.settled;
  }
}
