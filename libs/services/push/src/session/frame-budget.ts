/**
 * How many frames a client may send: a bucket that refills steadily, so a burst is fine and a flood is not.
 * An ack that settles some of what was sent costs nothing: a client that takes much has much to acknowledge.
 */
const framesPerSecond = 50;
const framesBurst = 200;

export class FrameBudget {
  private left = framesBurst;

  constructor(private filledAt: number) {}

  /** Takes one frame out at this monotonic time. @returns false when the bucket is empty. */
  spend(now: number): boolean {
    this.left = Math.min(framesBurst, this.left + ((now - this.filledAt) * framesPerSecond) / 1000);
    this.filledAt = now;
    if (this.left < 1) return false;
    this.left--;
    return true;
  }

  /** Puts back what the last frame cost. */
  refund(): void {
    this.left++;
  }
}
