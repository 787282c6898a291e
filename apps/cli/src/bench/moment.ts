/** Time for measuring. Must never jump: it starts at the epoch and goes on by a monotonic clock. */

/** Epoch milliseconds with fractions; comparable between threads of one process. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}
