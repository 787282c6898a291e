/** What the server said about one write command. Says nothing that it did not say. */

/** A row that was not written: its place in the command and the server's code. */
export interface RefusedRow {
  readonly index: number;
  readonly code: number;
}

export interface WriteReport {
  readonly refused: readonly RefusedRow[];
  /** False: nothing of it is durable for sure, and `refused` may be short of rows. */
  readonly isWriteConcernMet: boolean;
}
