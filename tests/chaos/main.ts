// The fault matrix with real processes, row by row or all: `npm run chaos -- 3 5b --seed 7`. Prints what
// became of each row, writes it to docs/reference/faults.md, and exits non-zero when a promise was broken or
// the bound of a row was not held.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { carryOut } from './campaign.ts';
import { record } from './faults-page.ts';
import { rowsNamed } from './rows.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    sockets: { type: 'string' },
    messages: { type: 'string' },
    /** Of the soak (row 37). */
    minutes: { type: 'string' },
    /** Small and short, as in CI: judged by the promises alone, and the page is left as it is. */
    quick: { type: 'boolean', default: false },
  },
});
const folder = mkdtempSync(join(tmpdir(), 'carillon-chaos-'));
const say = (text: string) => console.log(`${new Date().toISOString().slice(11, 19)}  ${text}`);
const numberOf = (text: string | undefined) => (text === undefined ? undefined : Number(text));

say(`seed ${values.seed}; logs in ${folder}`);
/** The first Ctrl-C ends the soak after its present fault; the second one everything at once. */
const interruption = new AbortController();
if (positionals.includes('37')) {
  process.on('SIGINT', () => {
    if (interruption.signal.aborted) process.exit(130);
    say('ends early, after what is broken now; once more ends everything at once');
    interruption.abort();
  });
}
const scale = {
  minutes: numberOf(values.minutes),
  interrupted: interruption.signal,
  seed: Number(values.seed),
  sockets: numberOf(values.sockets),
  messages: numberOf(values.messages),
  isQuick: values.quick,
  folder,
  say,
};
const { outcomes, failures } = await carryOut(rowsNamed(positionals), scale, (outcome) => {
  if (!values.quick) record(outcome);
});
for (const { row, history, isKept, isBoundHeld } of outcomes) {
  const verdict = `${history.violations} violations, bound ${isBoundHeld ? 'held' : 'NOT held'}`;
  console.log(`row ${row.row.padEnd(3)} ${isKept ? 'kept' : 'BROKEN'}  ${verdict}`);
}
for (const failure of failures) console.log(`not carried out: ${failure}`);
const isClean = outcomes.every(({ isKept, isBoundHeld }) => isKept && (values.quick || isBoundHeld));
process.exitCode = isClean && failures.length === 0 ? 0 : 1;
