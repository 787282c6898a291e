/** The times of a run, in milliseconds from its start. Holds numbers only. */

/** Faults fall into this span. */
export const faultsFromMs = 800;
export const healMs = 13_000;
/** Anti-entropy, dead sockets and back-off are over by then. */
export const settledMs = healMs + 20_000;
export const calmEndMs = settledMs + 4_000;
export const endMs = calmEndMs + 10_000;

export const dayMs = 86_400_000;
