// A thousand devices come back with a backlog of a thousand messages each: what a replayed message costs.
import { CarillonRig, measured, storeName } from '../carillon-rig.ts';
import { contest } from '../contest.ts';
import { costBars, courseTable } from '../course-table.ts';
import { PeerRig } from '../peer-rig.ts';
import { startRaw } from '../peers/peer.ts';
import type { Bench, Outcome, Scenario } from '../scenario.ts';

const sizes = {
  full: { devices: 1_000, users: 200, backlog: 1_000 },
  quick: { devices: 200, users: 40, backlog: 500 },
};
const loadedMs = 300_000;
const goneMs = 60_000;
const roundsMax = 3;
const floor = 'ws.send(JSON)';
const ours = 'Carillon';

export const replay: Scenario = {
  name: 'replay',
  title: 'Replay of a backlog',
  about: `${sizes.full.devices.toLocaleString('en-US')} devices of ${sizes.full.users} users (five each,
which read the same log) come back at once and read ${sizes.full.backlog.toLocaleString('en-US')}
messages each from the store, in order, within the window of 64 that they may leave
unacknowledged. *ws.send(JSON)* sends a quarter as many to as many sockets from nowhere.`,
  seconds: { quick: { fixed: 20, perRound: 5 }, full: { fixed: 30, perRound: 15, roundsMax } },
  run,
};

async function run(bench: Bench): Promise<Outcome> {
  const { devices, users, backlog } = bench.isQuick ? sizes.quick : sizes.full;
  const messages = devices * backlog;
  const raw = new PeerRig(bench, await startRaw(bench.pins, 'json'));
  await raw.open(devices);
  const rig = await CarillonRig.start(bench);
  await rig.open({ count: devices, users, ackEvery: 16, ackMs: 100 });
  bench.progress.say(`storing ${users * backlog} entries`);
  rig.load.drop();
  rig.post({ target: 'users', users, messages: backlog, batch: 1, workers: 8 });
  await rig.load.until(({ accepted, posting }) => accepted === backlog && posting === 0, loadedMs, 'stored');
  const courses = await contest(
    [
      { name: floor, lacks: 'store, order, acknowledge', round: () => raw.unicast(messages / 4) },
      { name: ours, lacks: '', besides: [storeName], round: () => again(rig, devices, messages) },
    ],
    { ...bench, rounds: Math.min(bench.rounds, roundsMax), isWarmedUp: false },
  );
  return {
    setting: [
      `${devices} devices, ${backlog} messages each, at most ${roundsMax} rounds. Acknowledged after 16`,
      'messages or 100 ms. Store: MongoDB, one member; mongod in brackets is not in the sum.',
    ],
    tables: [courseTable(courses, { name: floor, caption: '' })],
    plots: [costBars(courses, 'replay', 'Replay: CPU µs per message (without mongod)')],
    budgets: [],
    absent: [],
  };
}

async function again(rig: CarillonRig, devices: number, messages: number) {
  rig.load.drop();
  await rig.load.until(({ open }) => open === 0, goneMs, 'all are gone');
  await rig.settle();
  return measured({
    load: rig.load,
    processes: rig.processes(),
    deliveries: messages,
    isBacklog: true,
    begin: () => rig.load.reopen({ atOnce: devices, from: 0 }),
    isDone: ({ open, received }) => open === devices && received >= messages,
  });
}
