// What a run ends with: what was seen, what it must be, and whether it is.

export interface Row {
  readonly what: string;
  readonly is: string;
  /** What it must be; undefined for what is only told. */
  readonly must?: string;
  readonly isMet?: boolean;
}

/** A row that is judged. */
export function judged(what: string, { is, must }: { is: string; must: string }): Row {
  return { what, is, must, isMet: is === must };
}

export function isAllMet(rows: readonly Row[]): boolean {
  return rows.every(({ isMet }) => isMet !== false);
}

export function table(rows: readonly Row[]): string {
  const width = (values: readonly string[]) => Math.max(...values.map((value) => value.length));
  const whats = width(rows.map(({ what }) => what));
  const seen = width(rows.map(({ is }) => is));
  return rows
    .map((row) => `  ${row.what.padEnd(whats)}  ${row.is.padEnd(seen)}${verdict(row)}`.trimEnd())
    .join('\n');
}

function verdict({ must, isMet }: Row): string {
  if (isMet === undefined) return '';
  return isMet ? '  ok' : `  NOT MET: must be ${must}`;
}
