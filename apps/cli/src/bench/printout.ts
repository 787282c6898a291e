/** A result for a terminal. Must hold nothing that only a terminal understands, but the verdict's colour. */
import type { Desk } from '../desk.js';
import { provenance } from './report.js';
import type { BenchResult } from './result.js';
import { caveatsOf, rowsOf, sentenceOf } from './summary.js';

/** Several lines, the verdict first. */
export function printout(result: BenchResult, desk: Pick<Desk, 'toned'>): string {
  const { isOk, faults } = result.verdict;
  const word = isOk
    ? desk.toned('OK', 'good')
    : desk.toned(faults.length > 0 ? 'FAILED' : 'ENDED EARLY', 'bad');
  const rows = rowsOf(result);
  const column = Math.max(...rows.map(({ name }) => name.length)) + 2;
  const lines = rows.map(({ name, value, note }) => {
    const words = note === undefined ? value : `${value} (${note})`;
    return `  ${name.padEnd(column)}${words}`;
  });
  const below = [...caveatsOf(result), provenance(result)];
  return `${word}  ${sentenceOf(result)}\n\n${lines.join('\n')}\n\n${below.join('\n')}\n`;
}
