// What a message costs while more and more are connected to one node.
import { CarillonRig } from '../carillon-rig.ts';
import { flat, type Grown, growthPlot, growthRoundsMax, growthTable, measureStep } from '../growth.ts';
import { PeerRig } from '../peer-rig.ts';
import { startRaw } from '../peers/peer.ts';
import type { Bench, Outcome, Scenario } from '../scenario.ts';

const sizes = { full: [100, 1_000, 10_000, 50_000], quick: [100, 1_000, 5_000] };
/** Fewer sockets meet several messages of one batch each, which are written together: no measure. */
const reference = 1_000;

export const growthConnections: Scenario = {
  name: 'growth-connections',
  title: 'Growth: connections',
  about: `The whole chain in batches of 100, unicast, with ever more sockets on one Push node, each of a
user of its own. The reference of *flat* is ${reference.toLocaleString('en-US')}: with fewer,
messages of one batch meet on a socket and are written together.`,
  seconds: {
    quick: { fixed: 15, perRound: 3 },
    full: { fixed: 47, perRound: 7, roundsMax: growthRoundsMax },
  },
  run,
};

async function run(bench: Bench): Promise<Outcome> {
  const messages = bench.isQuick ? 15_000 : 40_000;
  const rig = await CarillonRig.start(bench);
  const raw = new PeerRig(bench, await startRaw(bench.pins, 'json'));
  const grown: Grown[] = [];
  let open = 0;
  const wanted = bench.isQuick ? sizes.quick : sizes.full;
  const most = wanted.at(-1) ?? 0;
  for (const size of wanted.map((one) => Math.min(one, bench.socketsMax))) {
    bench.progress.say(`opening ${size} sockets`);
    await rig.open({ first: open, count: size - open, users: size, ackEvery: 16, ackMs: 100 });
    await raw.open(size - open, { first: open });
    open = size;
    grown.push(
      await measureStep(bench, {
        size,
        raw: () => raw.unicast(messages),
        ours: () => rig.round({ users: size, messages, batch: 100, workers: 4 }),
      }),
    );
  }
  const what = 'connections';
  return {
    setting: [
      `${messages.toLocaleString('en-US')} messages per round and size, at most ${growthRoundsMax}`,
      'rounds; acknowledged after 16 messages or 100 ms. Store: MongoDB, one member, not in the sum.',
    ],
    tables: [growthTable(what, grown)],
    plots: [
      growthPlot('growth-connections', 'CPU µs per message by connections', { what, isLogX: true, grown }),
    ],
    budgets: flat('cost per message by connections', grown, reference),
    absent:
      most > bench.socketsMax
        ? [
            {
              name: `${most.toLocaleString('en-US')} connections`,
              reason: `a process may open ${bench.socketsMax} sockets here: raise ulimit -n`,
            },
          ]
        : [],
  };
}
