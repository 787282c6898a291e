// The table at the end of a run: what was measured, what it must be, and whether it is.
export interface Row {
  readonly what: string;
  readonly is: number;
  readonly must?: string;
  readonly ok?: boolean;
}

export function table(title: string, rows: readonly Row[]): string {
  const width = Math.max(...rows.map((row) => row.what.length));
  const lines = rows.map(({ what, is, must, ok }) => {
    const verdict = ok === undefined ? '' : ok ? `  ${must}  ok` : `  ${must}  NOT MET`;
    return `  ${what.padEnd(width)}  ${String(is).padStart(8)}${verdict}`;
  });
  return [title, ...lines].join('\n');
}
