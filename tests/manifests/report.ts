// The table at the end of `npm run manifests`. Must never show a verdict that nobody gave.

export interface Verdict {
  readonly isGood: boolean;
  readonly text: string;
}

/** A kustomization or a planted fault, with what the judges say who were asked. */
export interface Row {
  readonly name: string;
  readonly verdicts: Readonly<Record<string, Verdict>>;
}

const columns = {
  kustomize: 'own renderer = kustomize',
  schema: 'schemas, strict',
  api: 'API server',
  pods: 'as pods, restricted',
} as const;

/** Aligned text; a judge that was not asked is "-". */
export function tableOf(rows: readonly Row[]): string {
  const head = ['', ...Object.values(columns)];
  const cells = rows.map(({ name, verdicts }) => [
    name,
    ...Object.keys(columns).map((judge) => verdicts[judge]?.text ?? '-'),
  ]);
  const widths = head.map((title, at) => Math.max(title.length, ...cells.map((row) => row[at]?.length ?? 0)));
  const lines = [head, ...cells].map((row) => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  '));
  return ['', ...lines.map((line) => line.trimEnd()), ''].join('\n');
}
