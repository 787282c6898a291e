/** The part of a history that explains a violation: what names the same tab, log or message, and faults. */
import type { RunResult } from './run/run.ts';

const linesMax = 120;
const faults = new RegExp(
  ' (?:incident|weather|boot|jump|backup|restore|epoch|office|crash|pause|resume|drained|failover' +
    '|healed|routes|bus|VIOLATION|purge) ?',
);

/** Readable lines, oldest first, with the violation last. */
export function traceOf({ seed, history, violations }: RunResult): string {
  const [first] = violations;
  if (!first) return '';
  const names = namesIn(first.text);
  const lines = history.split('\n');
  const end = lines.findIndex((line) => line.includes('VIOLATION'));
  const told = lines
    .slice(0, end + 1)
    .filter((line) => faults.test(line) || names.some((name) => line.includes(name)));
  const left = told.length - linesMax;
  const head = [
    `seed ${seed}, ${first.rule}: ${first.text}`,
    ...(left > 0 ? [`… ${left} lines before`] : []),
  ];
  return [...head, ...told.slice(-linesMax)].join('\n');
}

function namesIn(text: string): string[] {
  return text.match(/u\d+\/d\d+\.tab\d+|msg_[0-9A-Z]+|demo\/(?:user:u\d+|topic:[a-z.]+|all)/g) ?? [];
}
