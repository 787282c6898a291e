/** The plan of `heads`: one index key per log, however long the logs are. */
import { type LogKey, userKey, userLog } from '@carillon/domain';
import { MachineClock, MachineRandom } from '@carillon/testkit';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { MongoStore } from './mongo-store.js';
import { newestPipeline } from './newest.js';
import { type RawDatabase, rawDatabase } from './raw-database.fixture.js';

const database = `newest_${process.pid}_${Date.now()}`;
const logCount = 500;
const entriesPerLog = 40;
const logs = Array.from({ length: logCount }, (_, n) => userLog(userKey('t', `u${n}`)));
let raw: RawDatabase;

beforeAll(async () => {
  const url = inject('mongoUrl');
  const store = await MongoStore.open({
    url,
    database,
    clock: new MachineClock(),
    random: new MachineRandom(),
  });
  await store.close();
  raw = await rawDatabase(url, database);
  await raw.db.collection('entries').insertMany(logs.flatMap(rowsOf));
});
afterAll(() => raw.dropAndClose());

it('asks the index once per log and reads no entry at all', async () => {
  const plan = await raw.db.collection('entries').aggregate(newestPipeline(logs)).explain('executionStats');
  const stats = JSON.stringify(plan);
  expect(stats).toContain('"DISTINCT_SCAN"');
  const { totalKeysExamined, totalDocsExamined, nReturned } =
    plan.stages?.[0]?.$cursor?.executionStats ?? plan.executionStats;
  expect(nReturned).toBe(logCount);
  expect(totalDocsExamined).toBe(0);
  expect(totalKeysExamined).toBeLessThanOrEqual(2 * logCount);
});

function rowsOf(log: LogKey) {
  return Array.from({ length: entriesPerLog }, (_, n) => ({
    ...{ _id: `${log}#${n}` as never, log, seq: n + 1 },
    ...{ acceptedAt: 1, expiresAt: 2, event: 'e', data: '"x"' },
  }));
}
