// The machine where the budgets were made. A budget in µs becomes a ratio by what the same `ws` loop cost
// there: times drift from machine to machine, ratios hold. Must not be changed to make a figure fit.

export const machine = {
  /** Per `ws.send(JSON.stringify(…))`, one socket after the other. */
  unicastMicros: 10.5,
  /** Per upgrade of a bare `ws` server. */
  handshakeMicros: 75,
  /** 5,000 upgrades of a bare `ws` server at once. */
  handshakesMs: 450,
} as const;
