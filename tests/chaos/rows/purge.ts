// The row of the purge: it is killed in the middle, again and again, and a device comes back that was away.
import { MongoClient } from 'mongodb';
import { Outsider } from '../../fleet/outsider.ts';
import { Probe } from '../../fleet/probe.ts';
import { Desk } from '../desk.ts';
import { database } from '../dump.ts';
import type { KeepingOrder, KeepingStatus } from '../mains/keeping.ts';
import { atLeast, none, type Row } from '../row.ts';
import type { Stage } from '../stage.ts';

const program = new URL('../mains/keeping.ts', import.meta.url);
const agedLogs = 3;
const agedEntries = 6_000;
const agedEntriesQuick = 2_000;
const killsMin = 2;
const purgeTimeoutMs = 120_000;
const oldCursor = 500;
const fresh = 40;
const gotWithinMs = 20_000;

export const purgeRows: readonly Row[] = [
  {
    row: '30',
    broken:
      'purge killed in the middle, again and again; a device with an old cursor returns; a log long idle',
    outcome: 'no hole in what is left; `resumed: false`; the idle log keeps its newest; seqs go on rising',
    seconds: 40,
    quickSeconds: 20,
    messagesPerSecond: 50,
    expects: ['purge'],
    prepare: async (stage) => {
      await keep(stage, { kind: 'age', users: agedOf(stage), entries: entriesOf(stage) });
    },
    run: purgeAndReturn,
    judge: (_history, stage) => [
      atLeast('purges killed in the middle', stage.noted('kills'), killsMin),
      none('holes after a kill', stage.noted('holes')),
      none('logs of which the purge left too much or nothing', stage.noted('wrong')),
      none('old cursors taken for good', stage.noted('resumed')),
      none('returns that did not begin before the oldest entry', stage.noted('misplaced')),
      none('seqs used again', stage.noted('reused')),
      none('messages that did not come after the return', stage.noted('short')),
    ],
  },
];

/** One that is posted to before the purge, some that are not, and the last is idle for good. */
function agedOf({ options }: Stage): string[] {
  return Array.from({ length: agedLogs }, (_, at) => `${options.prefix}-aged${at}`);
}

function entriesOf({ options }: Stage): number {
  return options.isQuick ? agedEntriesQuick : agedEntries;
}

async function purgeAndReturn(stage: Stage): Promise<void> {
  const desk = new Desk(stage);
  const users = agedOf(stage);
  const entries = entriesOf(stage);
  const [busy = '', quiet = ''] = users;
  await depart(stage, desk, busy);
  await desk.postAll(itemsFor(busy, fresh), `${busy}-before`);
  await purgeKilled(stage, users);
  const logs = await logsOf(stage, users);
  // What is left: the fresh ones, or the newest.
  const expected = users.map((user) => (user === busy ? fresh : 1));
  stage.notes['wrong'] = logs.filter((seqs, at) => seqs.length !== expected[at]).length;
  stage.count('wrong', logs.filter((seqs) => (seqs.at(-1) ?? 0) < entries).length);
  await comeBack(stage, desk, { user: busy, from: entries, count: 2 * fresh });
  await comeBack(stage, desk, { user: quiet, from: entries - 1, count: fresh });
  const idle = (await logsOf(stage, users.slice(2)))[0] ?? [];
  stage.notes['wrong'] += idle.length === 1 && idle[0] === entries ? 0 : 1;
}

/** A device that settled a little, long ago. */
async function depart(stage: Stage, desk: Desk, user: string): Promise<void> {
  const plan = { url: desk.socketUrl(0), token: await desk.token(user), device: 'away' };
  const probe = await Probe.open({ ...plan, cursor: oldCursor });
  if (probe.from !== oldCursor || !probe.resumed) throw new Error('the log was not there before the purge');
  await probe.drop();
  stage.notes['resumed'] = 0;
}

interface Return {
  readonly user: string;
  /** Where what is left begins, exclusive. */
  readonly from: number;
  readonly count: number;
}

async function comeBack(stage: Stage, desk: Desk, { user, from, count }: Return): Promise<void> {
  const posted = await desk.postAll(itemsFor(user, fresh), `${user}-after`, 1);
  const plan = { url: desk.socketUrl(1), token: await desk.token(user), device: 'away' };
  const probe = await Probe.open({ ...plan, cursor: oldCursor, isAcking: true });
  stage.count('resumed', probe.resumed ? 1 : 0);
  stage.count('misplaced', probe.from === from ? 0 : 1);
  await probe.until(() => probe.messages.length >= count, gotWithinMs);
  const got = new Map(probe.messages.map(({ id, seq }) => [id, seq]));
  stage.count('reused', posted.filter((id) => (got.get(id) ?? Infinity) <= entriesOf(stage)).length);
  stage.count('short', Math.abs(count - probe.messages.length));
  await probe.drop();
}

/** Purges until nothing is left to do; is killed each time that it has come a little further. */
async function purgeKilled(stage: Stage, users: readonly string[]): Promise<void> {
  stage.notes['kills'] = 0;
  stage.notes['holes'] = 0;
  const order = { kind: 'purge', users } as const;
  for (let isOver = false; !isOver; ) {
    const some = Math.ceil((0.1 + stage.random() * 0.3) * entriesOf(stage));
    isOver = await keep(stage, order, stage.notes['kills'] < 2 * killsMin ? some : undefined);
    const logs = await logsOf(stage, users);
    for (const seqs of logs) stage.count('holes', holesIn(seqs));
    if (!isOver) stage.count('kills');
  }
}

function holesIn(seqs: readonly number[]): number {
  return (seqs.at(-1) ?? 0) - (seqs[0] ?? 1) + 1 - seqs.length;
}

/** @returns whether it ended by itself. @throws Error when it does not end in time */
async function keep(stage: Stage, order: KeepingOrder, killAfter = Infinity): Promise<boolean> {
  const env = { MONGO_URL: stage.cluster.services.mongo.url };
  const keeper = new Outsider<KeepingOrder, KeepingStatus>(program, env);
  try {
    keeper.tell(order);
    const isNear = ({ done, isDone }: KeepingStatus) => isDone || done >= killAfter;
    const { isDone } = await keeper.until(isNear, purgeTimeoutMs, order.kind);
    return isDone;
  } finally {
    keeper.kill();
    await keeper.ended;
  }
}

/** The seqs of each user's log, ascending, as MongoDB itself has them. */
async function logsOf(stage: Stage, users: readonly string[]): Promise<number[][]> {
  const client = new MongoClient(stage.cluster.services.mongo.url);
  try {
    const entries = client.db(database).collection<{ log: string; seq: number }>('entries');
    return await Promise.all(
      users.map(async (user) => {
        const rows = entries.find({ log: `default/user:${user}` }, { readConcern: 'majority' });
        return (await rows.sort({ seq: 1 }).toArray()).map(({ seq }) => seq);
      }),
    );
  } finally {
    await client.close();
  }
}

function itemsFor(user: string, count: number) {
  return Array.from({ length: count }, (_, at) => ({ to: `user:${user}`, event: 'row', data: { at } }));
}
