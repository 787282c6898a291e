// What a message costs while the store fills. Entries of others are copies of a real one, written past
// Collect.
import { type Collection, MongoClient } from 'mongodb';
import { CarillonRig, storeName } from '../carillon-rig.ts';
import { flat, type Grown, growthPlot, growthRoundsMax, growthTable, measureStep } from '../growth.ts';
import { PeerRig } from '../peer-rig.ts';
import { startRaw } from '../peers/peer.ts';
import { unpin } from '../pins.ts';
import type { Bench, Outcome, Scenario } from '../scenario.ts';

const sizes = { full: [10_000, 100_000, 1_000_000], quick: [10_000, 100_000], huge: [10_000_000] };
const sockets = 1_000;
/** Logs that the copies are spread over. */
const logs = 1_000;
const insertMax = 2_000;
/** Inserts under way while the store is filled. */
const insertsAtOnce = 4;
const database = 'carillon';

interface EntryRow {
  readonly _id: string;
  readonly log: string;
  readonly seq: number;
}

export const growthEntries: Scenario = {
  name: 'growth-entries',
  title: 'Growth: stored entries',
  about: `The whole chain in batches of 100, unicast to ${sockets.toLocaleString('en-US')} sockets, while
the store holds ever more entries of ${logs.toLocaleString('en-US')} other logs. With \`--huge\`
up to ten million.`,
  seconds: {
    quick: { fixed: 15, perRound: 2 },
    full: { fixed: 35, perRound: 5, roundsMax: growthRoundsMax },
  },
  run,
};

async function run(bench: Bench): Promise<Outcome> {
  const messages = bench.isQuick ? 15_000 : 40_000;
  const rig = await CarillonRig.start(bench);
  const open = () => rig.open({ count: sockets, ackEvery: 16, ackMs: 100 });
  const raw = new PeerRig(bench, await startRaw(bench.pins, 'json'));
  await raw.open(sockets);
  const order = { users: sockets, batch: 100, workers: 4 };
  await open();
  await rig.round({ ...order, messages: sockets });
  await rig.close();
  const client = new MongoClient(rig.cluster.services.mongo.url);
  bench.resources.add({ stop: () => client.close() });
  const entries = client.db(database).collection<EntryRow>('entries');
  const wanted = [...(bench.isQuick ? sizes.quick : sizes.full), ...(bench.isHuge ? sizes.huge : [])];
  const grown: Grown[] = [];
  let copied = 0;
  for (const size of wanted) {
    bench.progress.say(`filling the store up to ${size} entries`);
    unpin(bench.pins, rig.processes().get(storeName) ?? []);
    copied += await copy(entries, copied, size);
    await client.db('admin').command({ fsync: 1 }); // else the rounds would pay for it
    rig.pin();
    await open(); // filling may take longer than a token lives
    grown.push(
      await measureStep(bench, {
        size,
        raw: () => raw.unicast(messages),
        ours: () => rig.round({ ...order, messages }),
      }),
    );
    await rig.close();
  }
  const what = 'stored entries';
  return {
    setting: [
      `${messages.toLocaleString('en-US')} messages per round and size, at most ${growthRoundsMax}`,
      'rounds, which are stored as well; acknowledged after 16 messages or 100 ms. Store: MongoDB, one',
      'member, 4 GiB of cache, not in the sum; what it was filled with is written out before.',
    ],
    tables: [growthTable(what, grown)],
    plots: [
      growthPlot('growth-entries', 'CPU µs per message by stored entries', { what, isLogX: true, grown }),
    ],
    budgets: flat('cost per message by stored entries', grown, wanted[0] ?? 0),
    absent: [],
  };
}

/** Until so many are stored. @returns how many copies were made */
async function copy(entries: Collection<EntryRow>, before: number, size: number): Promise<number> {
  const template = await entries.findOne({});
  if (!template) throw new Error('there is no entry to copy');
  const missing = Math.max(0, size - (await entries.countDocuments()));
  const starts = Array.from({ length: Math.ceil(missing / insertMax) }, (_, slice) => slice * insertMax);
  const worker = async () => {
    for (let at = starts.shift(); at !== undefined; at = starts.shift()) {
      const first = before + at;
      const rows = Array.from({ length: Math.min(insertMax, missing - at) }, (_, row) =>
        copyOf(template, first + row),
      );
      await entries.insertMany(rows, { ordered: false, writeConcern: { w: 1, journal: false } });
    }
  };
  await Promise.all(Array.from({ length: insertsAtOnce }, worker));
  return missing;
}

function copyOf(template: EntryRow, n: number): EntryRow {
  const log = template.log.replace(/[^:]*$/, `copy${n % logs}`);
  return { ...template, _id: `copy${n}`, log, seq: Math.floor(n / logs) + 1 };
}
