// What a message costs while more and more are connected: to one node, as many as a process may hold, and
// beyond that to three.
import { CarillonRig } from '../carillon-rig.ts';
import { flat, type Grown, growthPlot, growthRoundsMax, growthTable, measureStep } from '../growth.ts';
import { PeerRig } from '../peer-rig.ts';
import { startRaw } from '../peers/peer.ts';
import type { Bench, Outcome, Scenario } from '../scenario.ts';

const sizes = { full: [100, 1_000, 10_000, 50_000], quick: [100, 1_000, 5_000] };
/** Fewer sockets meet several messages of one batch each, which are written together: no measure. */
const reference = 1_000;
const spreadNodes = 3;
const what = 'connections';

export const growthConnections: Scenario = {
  name: 'growth-connections',
  title: 'Growth: connections',
  about: `The whole chain in batches of 100, unicast, with ever more sockets on one Push node, each of a
user of its own. The reference of *flat* is ${reference.toLocaleString('en-US')}: with fewer,
messages of one batch meet on a socket and are written together. Where a process may not open as many
files, the last size is measured on ${spreadNodes} nodes, beside the reference on as many.`,
  seconds: {
    quick: { fixed: 15, perRound: 3 },
    full: { fixed: 90, perRound: 11, roundsMax: growthRoundsMax },
  },
  run,
};

async function run(bench: Bench): Promise<Outcome> {
  const messages = bench.isQuick ? 15_000 : 40_000;
  const wanted = bench.isQuick ? sizes.quick : sizes.full;
  const most = wanted.at(-1) ?? 0;
  const raw = new PeerRig(bench, await startRaw(bench.pins, 'json'));
  const held = wanted.map((one) => Math.min(one, bench.socketsMax));
  const grown = await measureSizes(bench, { messages, raw, sizes: held, nodes: 1 });
  await raw.stop();
  const isSpread = most > bench.socketsMax && Math.ceil(most / spreadNodes) <= bench.socketsMax;
  const spread = isSpread ? await measureSpread(bench, messages, most) : [];
  const spreadWhat = `${what} on ${spreadNodes} nodes`;
  return {
    setting: [
      `${messages.toLocaleString('en-US')} messages per round and size, at most ${growthRoundsMax}`,
      'rounds; acknowledged after 16 messages or 100 ms. Store: MongoDB, one member, not in the sum.',
      ...(isSpread
        ? [
            `A process may open ${bench.socketsMax.toLocaleString('en-US')} sockets here; the floor,`,
            'which is one process, holds no more.',
          ]
        : []),
    ],
    tables: [growthTable(what, grown), ...(isSpread ? [growthTable(spreadWhat, spread)] : [])],
    plots: [
      growthPlot('growth-connections', 'CPU µs per message by connections', { what, isLogX: true, grown }),
    ],
    budgets: [
      ...flat(`cost per message by ${what}`, grown, reference),
      ...flat(`cost per message by ${spreadWhat}`, spread, reference),
    ],
    absent:
      most > bench.socketsMax && !isSpread
        ? [
            {
              name: `${most.toLocaleString('en-US')} connections`,
              reason: `a process may open ${bench.socketsMax} sockets here: raise ulimit -n`,
            },
          ]
        : [],
  };
}

async function measureSpread(bench: Bench, messages: number, most: number): Promise<Grown[]> {
  const raw = new PeerRig(bench, await startRaw(bench.pins, 'json'));
  const grown = await measureSizes(bench, { messages, raw, sizes: [reference, most], nodes: spreadNodes });
  await raw.stop();
  return grown;
}

interface Curve {
  readonly messages: number;
  /** Keeps the sockets that it has. */
  readonly raw: PeerRig;
  readonly sizes: readonly number[];
  readonly nodes: number;
}

async function measureSizes(bench: Bench, { messages, raw, sizes, nodes }: Curve): Promise<Grown[]> {
  const rig = await CarillonRig.start(bench, { pushNodes: nodes, clients: nodes });
  const grown: Grown[] = [];
  let open = 0;
  for (const size of sizes) {
    bench.progress.say(`opening ${size} sockets`);
    await rig.open({ first: open, count: size - open, users: size, ackEvery: 16, ackMs: 100 });
    const missing = Math.min(size, bench.socketsMax) - raw.opened;
    if (missing > 0) await raw.open(missing, { first: raw.opened });
    open = size;
    grown.push(
      await measureStep(bench, {
        size,
        raw: () => raw.unicast(messages),
        ours: () => rig.round({ users: size, messages, batch: 100, workers: 4 }),
      }),
    );
  }
  await rig.stop();
  return grown;
}
