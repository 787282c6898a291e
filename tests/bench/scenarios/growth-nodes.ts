// What a message costs while the same sockets are spread over more and more Push nodes.
import { CarillonRig } from '../carillon-rig.ts';
import { flat, type Grown, growthPlot, growthRoundsMax, growthTable, measureStep } from '../growth.ts';
import { PeerRig } from '../peer-rig.ts';
import { startRaw } from '../peers/peer.ts';
import type { Bench, Outcome, Scenario } from '../scenario.ts';

const sizes = [1, 2, 3];
const sockets = 3_000;

export const growthNodes: Scenario = {
  name: 'growth-nodes',
  title: 'Growth: Push nodes',
  about: `The whole chain in batches of 100, unicast, ${sockets.toLocaleString('en-US')} sockets spread over
one, two and three Push nodes of one machine. The floor is one process, always.`,
  seconds: {
    quick: { fixed: 16, perRound: 3 },
    full: { fixed: 18, perRound: 5, roundsMax: growthRoundsMax },
  },
  run,
};

async function run(bench: Bench): Promise<Outcome> {
  const messages = bench.isQuick ? 15_000 : 40_000;
  const raw = new PeerRig(bench, await startRaw(bench.pins, 'json'));
  await raw.open(sockets);
  const grown: Grown[] = [];
  for (const size of sizes) {
    bench.progress.say(`${size} nodes`);
    const rig = await CarillonRig.start(bench, { pushNodes: size });
    await rig.open({ count: sockets, ackEvery: 16, ackMs: 100 });
    grown.push(
      await measureStep(bench, {
        size,
        raw: () => raw.unicast(messages),
        ours: () => rig.round({ users: sockets, messages, batch: 100, workers: 4 }),
      }),
    );
    await rig.stop();
  }
  const what = 'Push nodes';
  return {
    setting: [
      `${messages.toLocaleString('en-US')} messages per round and size, at most ${growthRoundsMax}`,
      'rounds; acknowledged after 16 messages or 100 ms. Store: MongoDB, one member, not in the sum.',
    ],
    tables: [growthTable(what, grown)],
    plots: [growthPlot('growth-nodes', 'CPU µs per message by Push nodes', { what, isLogX: false, grown })],
    budgets: flat('cost per message by nodes', grown, sizes[0] ?? 1),
    absent: [],
  };
}
