// Rows in which NATS dies, or a Push node cannot reach it.
import type { Cable } from '../../fleet/cable.ts';
import type { History } from '../history.ts';
import { atMostMs, none, type Row } from '../row.ts';
import type { Stage } from '../stage.ts';

const onlineWithinMs = 20_000;
const backlogWithinMs = 30_000;
const partitionMs = 30_000;
const flapMs = 2_000;
const flaps = 4;
const node = 'push-3';
const cables = new WeakMap<Stage, Cable>();

export const natsRows: readonly Row[] = [
  {
    row: '12',
    broken: 'NATS kill -9 under load',
    outcome: '202 continues; backlog empty ≤ 30 s',
    seconds: 20,
    quickSeconds: 6,
    run: async (stage) => {
      await stage.moment(0, 3_000);
      const { nats } = stage.cluster.services;
      await nats.kill();
      await stage.moment(500, 1_500);
      await nats.restart();
      await stage.wait(8_000, 1_000);
    },
    judge: (history) => [
      ...onlyAccepted(history),
      atMostMs('longest delay after the 202', history.longestMs, backlogWithinMs),
    ],
  },
  {
    row: '13',
    broken: 'NATS down 60 s',
    outcome: '202 continues; online devices served ≤ 20 s by anti-entropy',
    seconds: 75,
    messagesPerSecond: 40,
    run: async (stage) => {
      await stage.moment(500, 2_000);
      const { nats } = stage.cluster.services;
      await nats.kill();
      await stage.wait(60_000);
      await nats.restart();
    },
    judge: (history) => [
      ...onlyAccepted(history),
      atMostMs('longest delay after the 202', history.longestMs, onlineWithinMs),
    ],
  },
  {
    row: '17',
    broken: 'partition Push ↔ NATS 30 s; flapping 2 s',
    outcome: 'sockets stay; anti-entropy delivers',
    seconds: 55,
    messagesPerSecond: 60,
    prepare: throughNatsCable,
    run: async (stage) => {
      const cable = natsCableOf(stage);
      await stage.moment(500, 1_500);
      stage.mark('from');
      cable.cut();
      await stage.wait(partitionMs);
      cable.mend();
      for (let flap = 0; flap < flaps; flap++) {
        await stage.wait(flapMs);
        cable.cut();
        await stage.wait(flapMs);
        cable.mend();
      }
      stage.mark('to');
      await stage.wait(2_000);
    },
    judge: staying,
  },
  {
    row: '19',
    broken: 'asymmetric partition (Push hears, cannot answer) 20 s',
    outcome: 'time-out, retry elsewhere; duplicates dropped; sockets stay',
    seconds: 35,
    messagesPerSecond: 60,
    prepare: throughNatsCable,
    run: async (stage) => {
      await stage.moment(500, 1_500);
      stage.mark('from');
      natsCableOf(stage).freeze('up');
      await stage.wait(20_000);
      natsCableOf(stage).mend();
      stage.mark('to');
      await stage.wait(3_000);
    },
    judge: (history, stage) => [...staying(history, stage), none('again on the wire', history.verdict.again)],
  },
];

/** One node hears NATS through a cable. */
export async function throughNatsCable(stage: Stage): Promise<void> {
  const cable = await stage.cable(stage.cluster.services.nats.port);
  cables.set(stage, cable);
  await stage.app(node).restart({ env: { NATS_URL: `nats://127.0.0.1:${cable.port}` } });
  if (cable.openAtServer === 0) throw new Error(`${node} goes around the cable`);
}

export function natsCableOf(stage: Stage): Cable {
  const cable = cables.get(stage);
  if (!cable) throw new Error('the row has no cable');
  return cable;
}

function onlyAccepted(history: History) {
  const refused = history.refusedInAll;
  return [none('POSTs not answered with 202', refused)];
}

function staying(history: History, stage: Stage) {
  const isWithin = (at: number) => at >= stage.at('from') && at <= stage.at('to');
  const ended = history.endings().filter(({ at }) => isWithin(at)).length;
  return [
    none('sockets that ended meanwhile', ended),
    atMostMs('longest delay after the 202', history.longestMs, onlineWithinMs),
  ];
}
