// The ageing of logs as a process of its own, on the real store adapter: writes entries that are old already,
// and purges as Collect does once an hour. Made to be killed in the middle. Its parent tells it what to do.
import { type Draft, type LogKey, logUser, parameters, userKey, userLog, userName } from '@carillon/domain';
import { SystemClock, SystemRandom } from '@carillon/platform';
import { MongoStore } from '@carillon/store-mongo';
import { database } from '../dump.ts';

export type KeepingOrder =
  /** So many entries in the log of each user, all beyond retention. */
  | { readonly kind: 'age'; readonly users: readonly string[]; readonly entries: number }
  | { readonly kind: 'purge'; readonly users: readonly string[] };

/** `done` counts entries: written, or removed. */
export interface KeepingStatus {
  readonly done: number;
  readonly isDone: boolean;
}

const tenant = 'default';
const entriesPerStep = 500;
/** A week's life that ended at least a week before retention did. */
const olderMs = 14 * 86_400_000;
const lifeMs = 7 * 86_400_000;

const store = await MongoStore.open({
  url: process.env['MONGO_URL'] ?? '',
  database,
  clock: new SystemClock(),
  random: new SystemRandom(),
});
let done = 0;
process.on('message', (order: KeepingOrder) => void carryOut(order));
process.on('disconnect', () => process.exit(1));

async function carryOut(order: KeepingOrder): Promise<void> {
  const logs = order.users.map((user) => userLog(userKey(tenant, user)));
  if (order.kind === 'age') for (const log of logs) await age(log, order.entries);
  else for (const log of logs) await purge(log);
  tell(true);
}

async function age(log: LogKey, entries: number): Promise<void> {
  for (let from = 0; from < entries; from += entriesPerStep) {
    const count = Math.min(entriesPerStep, entries - from);
    const drafts = Array.from({ length: count }, (_, at) => draft(log, from + at));
    const outcomes = await store.log.append(drafts);
    if (outcomes.some(({ outcome }) => outcome !== 'appended'))
      throw new Error('an old entry was not written');
    done += count;
    tell(false);
  }
}

function draft(log: LogKey, n: number): Draft {
  const acceptedAt = Date.now() - parameters.purgeAfterMs - olderMs + n;
  return {
    ...{ id: `aged-${wireUser(log)}-${n}`, log, acceptedAt },
    ...{ expiresAt: acceptedAt + lifeMs, event: 'aged', data: JSON.stringify({ aged: n }) },
  };
}

function wireUser(log: LogKey): string {
  const user = logUser(log);
  return user ? userName(user) : log;
}

async function purge(log: LogKey): Promise<void> {
  const before = Date.now() - parameters.purgeAfterMs;
  const bounds = { expiredBefore: before, acceptedBefore: before, limit: entriesPerStep };
  let removed = entriesPerStep;
  while (removed === entriesPerStep) {
    removed = await store.keeping.purge(log, bounds);
    done += removed;
    tell(false);
  }
}

function tell(isDone: boolean): void {
  process.send?.({ done, isDone } satisfies KeepingStatus);
}
