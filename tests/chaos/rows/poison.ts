// The row of the poison: entries in the store of which no frame can be made.
import { type Collection, MongoClient, MongoServerError } from 'mongodb';
import { database } from '../dump.ts';
import type { History } from '../history.ts';
import { atLeast, atMostMs, none, type Row } from '../row.ts';
import type { Stage } from '../stage.ts';

const poisonedUsers = 20;
const rounds = 2;
const attemptsMax = 100;
const dayMs = 86_400_000;
const onlineWithinMs = 20_000;
const duplicateKey = 11_000;
/** Anti-entropy has been round: it is what finds them, as nobody rings for them. */
const foundWithinMs = 18_000;

interface PoisonedEntry {
  readonly _id: string;
  readonly log: string;
  readonly seq: number;
  readonly acceptedAt: number;
  readonly expiresAt: number;
  readonly event: string;
  readonly data: string;
}

export const poisonRows: readonly Row[] = [
  {
    row: '35',
    broken: 'entries with broken JSON put into users’ logs, a topic and `all` in the store itself',
    outcome: 'skipped with reason `poison`, counted by the metric; the log does not block',
    seconds: 50,
    quickSeconds: 25,
    messagesPerSecond: 60,
    manyPerSecond: 2,
    expects: ['skips'],
    run: async (stage) => {
      const before = await poisonMetric(stage);
      for (let round = 0; round < rounds; round++) {
        await stage.moment(500, 2_000);
        await poison(stage, round);
      }
      await stage.wait(foundWithinMs);
      stage.notes['metric'] = (await poisonMetric(stage)) - before;
    },
    judge: (history, stage) => [
      atLeast('poisoned places × devices', placesOf(stage), 1),
      none('of them not skipped as poison', placesOf(stage) - (history.verdict.skips['poison'] ?? 0)),
      none('skipped for another reason', otherSkips(history)),
      atLeast('counted by the metric', stage.noted('metric'), placesOf(stage)),
      atMostMs('longest delay after the 202', history.longestMs, onlineWithinMs),
    ],
  },
];

/** One entry at the head of each of some logs, as a faulty writer would leave it. */
async function poison(stage: Stage, round: number): Promise<void> {
  const client = new MongoClient(stage.cluster.services.mongo.url);
  try {
    const entries = client
      .db(database)
      .collection<PoisonedEntry>('entries', { writeConcern: { w: 'majority' } });
    for (const [at, log] of logsOf(stage).entries()) {
      await append(entries, log, `${stage.options.prefix}-poison-${round}-${at}`);
    }
  } finally {
    await client.close();
  }
}

/** As often as Collect is faster. @throws Error when it always is */
async function append(entries: Collection<PoisonedEntry>, log: string, _id: string): Promise<void> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const newest = await entries.findOne({ log }, { sort: { seq: -1 }, readConcern: 'majority' });
    const seq = (newest?.seq ?? 0) + 1;
    const acceptedAt = Date.now();
    const times = { acceptedAt, expiresAt: acceptedAt + dayMs };
    const entry = { _id, log, seq, ...times, event: 'poison', data: '{"n":' };
    if (await entries.insertOne(entry).then(() => true, refusedPlace)) return;
  }
  throw new Error(`${log} had no room for poison`);
}

/** Collect was faster. @throws whatever else it is */
function refusedPlace(error: unknown): false {
  if (error instanceof MongoServerError && error.code === duplicateKey) return false;
  throw error;
}

function logsOf({ users, following }: Stage): string[] {
  const poisoned = users.slice(0, poisonedUsers).map((user) => `user:${user}`);
  return [...poisoned, ...(following?.logs ?? [])].map((log) => `default/${log}`);
}

function placesOf({ users, following }: Stage): number {
  const many = (following?.logs ?? []).map((log) => following?.followersOf(log) ?? 0);
  return rounds * many.reduce((sum, count) => sum + count, Math.min(poisonedUsers, users.length));
}

function otherSkips({ verdict: { skips } }: History): number {
  return Object.entries(skips).reduce((sum, [why, count]) => (why === 'poison' ? sum : sum + count), 0);
}

async function poisonMetric(stage: Stage): Promise<number> {
  const metric = 'carillon_deliveries_total{status="poison"';
  const counts = await Promise.all(stage.cluster.pushNodes.map(({ name }) => stage.metricOf(name, metric)));
  return counts.reduce((sum, count) => sum + count, 0);
}
