// Tables as Markdown. Pure; must never let a cell break its row.

export interface Table {
  readonly caption: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** With the caption as a paragraph above it. */
export function markdownTable({ caption, head, rows }: Table): string {
  const lines = [head, head.map((_, at) => (at === 0 ? '---' : '---:')), ...rows];
  const table = lines.map((cells) => `| ${cells.map(inCell).join(' | ')} |`).join('\n');
  return caption === '' ? table : `${caption}\n\n${table}`;
}

/** Digits as many as are worth reading: three significant ones, thousands apart. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(size >= 10 ? 1 : 2);
}

function inCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
