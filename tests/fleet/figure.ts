// What a run ends with: what was measured, what it must be, and whether it is.
export interface Figure {
  readonly what: string;
  readonly is: number;
  readonly must?: string;
  readonly ok?: boolean;
  /** It says how fast something was. */
  readonly isTime?: true;
}

export function table(title: string, rows: readonly Figure[]): string {
  const width = Math.max(...rows.map((row) => row.what.length));
  const lines = rows.map(({ what, is, must, ok }) => {
    const verdict = ok === undefined ? '' : ok ? `  ${must}  ok` : `  ${must}  NOT MET`;
    return `  ${what.padEnd(width)}  ${String(is).padStart(8)}${verdict}`;
  });
  return [title, ...lines].join('\n');
}
