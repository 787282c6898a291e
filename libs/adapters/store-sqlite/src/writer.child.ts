/**
 * A process of the kill test: appends for ever and prints what was confirmed, one JSON line per commit, until
 * it is killed. Must print nothing before it is confirmed.
 * Arguments: path, name of this writer, seed.
 */
import { writeSync } from 'node:fs';
import { userKey, userLog } from '@carillon/domain';
import { SqliteStore } from './sqlite-store.js';

const [path = '', writer = '', seed = '0'] = process.argv.slice(2);
const clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: () => ({ cancel() {} }),
  nextTurn: setImmediate,
};
const store = await SqliteStore.open({ path, clock });
let state = Number(seed) >>> 0;
const below = (limit: number) => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * limit);
};
for (let commit = 0; ; commit++) {
  const drafts = Array.from({ length: 1 + below(20) }, (_, at) => ({
    id: `${writer}-${commit}-${at}`,
    log: userLog(userKey('t', `u${below(3)}`)),
    acceptedAt: Date.now(),
    expiresAt: Date.now() + 1_000,
    event: 'e',
    data: `"${'x'.repeat(below(2_000))}"`,
  }));
  const outcomes = await store.log.append(drafts);
  const confirmed = outcomes.flatMap((one) =>
    one.outcome === 'appended' ? [[one.entry.id, one.entry.log, one.entry.seq]] : [],
  );
  writeSync(1, `${JSON.stringify(confirmed)}\n`);
}
