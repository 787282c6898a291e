// The row of the full disk: no member of the store can write any more.
import { MongoClient } from 'mongodb';
import type { History } from '../history.ts';
import { atLeast, atMostMs, none, type Row } from '../row.ts';
import { SmallDisk } from '../small-disk.ts';
import type { Stage } from '../stage.ts';

const refusedTimeoutMs = 40_000;
const fullMs = 8_000;
const askTimeoutMs = 2_000;
/** A list is stored in two steps of five seconds each at most, after a look whether its key is known. */
const refusedWithinMs = 11_000;
const acceptedAgainTimeoutMs = 60_000;
const disks = new WeakMap<Stage, readonly SmallDisk[]>();

export const diskRows: readonly Row[] = [
  {
    row: '32',
    broken: 'the disks of all three members of the store full',
    outcome: '503 + Retry-After, nothing acknowledged lost; recovers when freed',
    seconds: 60,
    quickSeconds: 30,
    messagesPerSecond: 60,
    prepare: async (stage) => {
      const { mongo } = stage.cluster.services;
      const made: SmallDisk[] = [];
      disks.set(stage, made);
      // One after the other: the store goes on.
      for (const member of mongo.members) {
        made.push(await SmallDisk.under(member));
        await mongo.primary();
      }
    },
    run: async (stage) => {
      try {
        await fillUp(stage);
      } finally {
        for (const disk of disks.get(stage) ?? []) {
          await disk.remove();
          await stage.cluster.services.mongo.primary();
        }
      }
    },
    judge: (history, stage) => [
      ...onlyTold(history),
      atLeast('503 while it was full', history.refused('503'), 1),
      atMostMs('slowest 503', history.parts.poster.slowestRefusalMs, refusedWithinMs),
      atLeast('members that stopped for want of room', stage.noted('stopped'), 1),
      atMostMs('accepted again after it was freed', stage.noted('againMs'), acceptedAgainTimeoutMs),
    ],
  },
];

async function fillUp(stage: Stage): Promise<void> {
  const { mongo } = stage.cluster.services;
  const all = disks.get(stage) ?? [];
  await stage.moment(500, 2_000);
  const before = await stage.poster.wait(() => true, 1_000);
  for (const disk of all) disk.fill();
  const deadline = Date.now() + refusedTimeoutMs;
  const refused = () => stage.poster.wait(() => true, 1).then((status) => status?.refusals['503'] ?? 0);
  while ((await refused()) <= (before?.refusals['503'] ?? 0) && Date.now() < deadline) {
    await Promise.all(mongo.members.map(({ port }) => checkpoint(port)));
  }
  await stage.wait(fullMs, 3_000);
  stage.notes['stopped'] = mongo.members.filter(({ pid }) => pid === 0).length;
  for (const disk of all) disk.free();
  const at = Date.now();
  const { accepted } = (await stage.poster.wait(() => true, 1)) ?? { accepted: 0 };
  // What supervises a member starts it again when it has ended.
  const ended = mongo.members.filter(({ pid }) => pid === 0);
  await Promise.all(ended.map((member) => member.restart()));
  await mongo.primary();
  await stage.poster.wait((now) => now.accepted > accepted, acceptedAgainTimeoutMs);
  stage.notes['againMs'] = Date.now() - at;
}

/** Makes the member write its data now and not in a minute. */
async function checkpoint(port: number): Promise<void> {
  const client = new MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`, {
    serverSelectionTimeoutMS: askTimeoutMs,
    socketTimeoutMS: askTimeoutMs,
  });
  try {
    await client.db('admin').command({ fsync: 1 });
  } catch {
    // it has no room for it, which is what it is asked for
  } finally {
    await client.close();
  }
}

function onlyTold(history: History) {
  return [none('answers other than 202 and 503 + Retry-After', history.wrongAnswers)];
}
