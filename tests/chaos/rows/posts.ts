// Rows in which producers say things twice, or two Collects want the same place.
import { Probe, type ProbeMessage } from '../../fleet/probe.ts';
import { type Answered, Desk } from '../desk.ts';
import { atLeast, none, type Row } from '../row.ts';
import type { Stage } from '../stage.ts';

const tries = 10_000;
const batchItems = 20;
const inFlight = 6;
const progressShareMin = 0.2;

export const postRows: readonly Row[] = [
  {
    row: '25',
    broken: 'duplicate POST: in sequence, 50 at once, via two Collects, after a crash',
    outcome: 'one id, one entry, same answer',
    seconds: 10,
    sockets: 50,
    run: repeatPosts,
    judge: (_history, stage) => [
      none('keys with two ids', stage.notes['ids'] ?? Number.NaN),
      none('answers that were no 202', stage.notes['refused'] ?? Number.NaN),
      none('another body under that key and no 422', stage.notes['mixed'] ?? Number.NaN),
    ],
  },
  {
    row: '26',
    broken: 'two Collects append to one log, 10,000 tries',
    outcome: 'dense, ordered per request, both make progress',
    seconds: 5,
    sockets: 50,
    run: contend,
    judge: (_history, stage) => [
      atLeast('entries the device got', stage.notes['got'] ?? 0, tries),
      none('gaps or steps back at the device', stage.notes['faults'] ?? Number.NaN),
      none('requests out of order in the log', stage.notes['mixed'] ?? Number.NaN),
      atLeast('the slower one’s share at half time', stage.notes['share'] ?? 0, progressShareMin),
    ],
  },
];

async function repeatPosts(stage: Stage): Promise<void> {
  const desk = new Desk(stage);
  const { prefix } = stage.options;
  const answers = new Map<string, Answered[]>();
  // Their users begin with the run's prefix, so that the dump finds an entry that is there twice.
  const say = async (name: string, n: number, collect: number) => {
    const item = { to: `user:${prefix}-dup${n}`, event: 'row', data: { n: -n } };
    const answer = await desk.post(item, `${prefix}-${name}`, collect);
    answers.set(name, [...(answers.get(name) ?? []), answer]);
  };
  for (let time = 0; time < 5; time++) await say('sequence', 1, 0);
  await Promise.all(Array.from({ length: 50 }, () => say('at-once', 2, 0)));
  await Promise.all(Array.from({ length: 50 }, (_, at) => say('two-collects', 3, at % 2)));
  await say('crash', 4, 0);
  await stage.app('collect-1').kill('SIGKILL');
  await say('crash', 4, 1);
  await stage.app('collect-1').restart();
  await say('crash', 4, 0);
  const all = [...answers.values()];
  stage.notes['ids'] = all.filter((each) => new Set(each.map(({ body }) => body.id)).size !== 1).length;
  stage.notes['refused'] = all.flat().filter(({ status }) => status !== 202).length;
  const other = { to: `user:${prefix}-dup1`, event: 'row', data: { n: -100 } };
  const verdicts = [
    await desk.post(other, `${prefix}-sequence`, 0),
    await desk.post(other, `${prefix}-sequence`, 1),
  ];
  stage.notes['mixed'] = verdicts.filter(({ status }) => status !== 422).length;
}

async function contend(stage: Stage): Promise<void> {
  const desk = new Desk(stage);
  const { prefix } = stage.options;
  const user = `${prefix}-one`;
  const url = desk.socketUrl(0);
  const probe = await Probe.open({ url, token: await desk.token(user), device: 'one', isAcking: true });
  const doneAt: [number[], number[]] = [[], []];
  const batches = Array.from({ length: tries / batchItems }, (_, at) => at);
  const work = async (collect: 0 | 1) => {
    for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
      const first = batch * batchItems;
      const items = Array.from({ length: batchItems }, (_, at) => ({
        ...{ to: `user:${user}`, event: 'row' },
        data: { n: first + at },
      }));
      await desk.postAll(items, `${prefix}-one-${batch}`, collect);
      doneAt[collect].push(Date.now());
    }
  };
  await Promise.all(Array.from({ length: 2 * inFlight }, (_, at) => work(at % 2 === 0 ? 0 : 1)));
  await probe.until(() => probe.received >= tries, 60_000);
  stage.notes['got'] = probe.messages.length;
  stage.notes['faults'] = probe.faults;
  stage.notes['mixed'] = mixedRequests(probe.messages);
  const all = doneAt.flat().sort((one, other) => one - other);
  const half = all[Math.floor(all.length / 2)] ?? 0;
  const counts = doneAt.map((times) => times.filter((at) => at <= half).length);
  stage.notes['share'] = Math.min(...counts) / (all.length / 2);
  await probe.drop();
}

/** Requests whose items are not in the order in which they were given. */
function mixedRequests(messages: readonly ProbeMessage[]): number {
  const last = new Map<number, number>();
  const mixed = new Set<number>();
  for (const { data } of messages) {
    const n = data.n ?? -1;
    const request = Math.floor(n / batchItems);
    if (n <= (last.get(request) ?? -1)) mixed.add(request);
    last.set(request, n);
  }
  return mixed.size;
}
