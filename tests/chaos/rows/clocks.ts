// The row of the clocks: one Collect and one Push believe that it is another time.
import { setTimeout as sleep } from 'node:timers/promises';
import type { App } from '../../../tools/cluster/app.ts';
import { Probe } from '../../fleet/probe.ts';
import { Desk } from '../desk.ts';
import { FakedClock } from '../faked-clock.ts';
import type { History } from '../history.ts';
import { atLeast, atMostMs, none, type Row } from '../row.ts';
import type { Stage } from '../stage.ts';

const collect = 'collect-1';
const push = 'push-1';
const tenMinutesS = 600;
const hourS = 3_600;
/** What a process may be wrong by before it says that it is, and the time of a measurement. */
const stampOffMaxMs = 6_000;
const noticedWithinMs = 5_000;
const trustedAgainWithinMs = 15_000;
const pollMs = 100;
const heldMs = 5_000;
const shortLived = '2m';
const shortLivedEach = 5;
const liveShareMin = 0.9;
const clocks = new WeakMap<Stage, ReadonlyMap<string, FakedClock>>();

export const clockRows: readonly Row[] = [
  {
    row: '27',
    broken: 'clock ± 10 min on one Collect and one Push, one after the other; both jump back 1 h',
    outcome:
      'Collect unready, answers 503, stamps nothing wrong; leases, order unaffected; nothing expires early',
    seconds: 75,
    quickSeconds: 30,
    messagesPerSecond: 60,
    manyPerSecond: 1,
    prepare: fakeClocks,
    run: async (stage) => {
      stage.mark('from');
      const shifts = stage.options.isQuick ? [tenMinutesS] : [tenMinutesS, -tenMinutesS];
      for (const shift of shifts) for (const name of [collect, push]) await misled(stage, [name], shift);
      await misled(stage, [collect, push], -hourS);
      stage.mark('to');
    },
    judge: (history, stage) => [
      atLeast('jumps of clocks', stage.noted('jumps'), stage.options.isQuick ? 4 : 6),
      none('jumps not noticed', stage.noted('unnoticed')),
      none('processes that did not come back', stage.noted('unready')),
      none('POSTs to the unready Collect not answered with 503', stage.noted('taken')),
      atLeast('POSTs to the unready Collect', stage.noted('refused'), 1),
      atMostMs('acceptance time off by', history.verdict.stampOffMs, stampOffMaxMs),
      none('short-lived messages not shown', stage.noted('short')),
      none('sockets ended by it', ended(history, stage)),
      atLeast(
        'delivered within a second meanwhile, share',
        history.shareWithin(1_000, stage.at('from'), stage.at('to')),
        liveShareMin,
      ),
    ],
  },
];

async function fakeClocks(stage: Stage): Promise<void> {
  const made = new Map<string, FakedClock>();
  for (const name of [collect, push]) {
    const clock = await FakedClock.in(stage.options.folder, `${stage.options.prefix}-${name}`);
    await stage.app(name).restart({ env: clock.env });
    made.set(name, clock);
  }
  clocks.set(stage, made);
}

/** These processes have a wrong time for a while, then a true one again. */
async function misled(stage: Stage, names: readonly string[], shiftS: number): Promise<void> {
  const desk = new Desk(stage);
  const name = `${stage.options.prefix}x${stage.notes['jumps'] ?? 0}`;
  const plan = { url: desk.socketUrl(0), token: await desk.token(name), device: 'watch', isAcking: true };
  const probe = await Probe.open(plan);
  move(stage, names, shiftS);
  stage.count('jumps', names.length);
  const isNoticed = await Promise.all(names.map((each) => isReady(stage.app(each), false, noticedWithinMs)));
  stage.count('unnoticed', isNoticed.filter((is) => !is).length);
  const items = Array.from({ length: shortLivedEach }, (_, n) => ({
    ...{ to: `user:${name}`, event: 'row', ttl: shortLived },
    data: { n },
  }));
  const posting = desk.postAll(items, name, 1);
  if (names.includes(collect)) await knock(stage, desk);
  else await stage.wait(heldMs);
  await posting;
  move(stage, names, 0);
  const isBack = await Promise.all(names.map((each) => isReady(stage.app(each), true, trustedAgainWithinMs)));
  stage.count('unready', isBack.filter((is) => !is).length);
  await probe.until(() => probe.received >= shortLivedEach, trustedAgainWithinMs);
  stage.count('short', shortLivedEach - probe.messages.length + probe.faults);
  await probe.drop();
}

function move(stage: Stage, names: readonly string[], seconds: number): void {
  for (const name of names) clocks.get(stage)?.get(name)?.move(seconds);
}

/** Posts to the Collect that has said that it is unready. */
async function knock(stage: Stage, desk: Desk): Promise<void> {
  const until = Date.now() + heldMs;
  stage.count('taken', 0);
  while (Date.now() < until) {
    const to = `user:${stage.options.prefix}xknock`;
    const { status } = await desk.post({ to, event: 'row', data: {} }, `${to}-${Date.now()}`);
    stage.count(status === 503 ? 'refused' : 'taken');
    await sleep(pollMs);
  }
}

async function isReady(app: App, expected: boolean, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline) {
    const answer = await fetch(`${app.internalUrl}/readyz`, { signal: AbortSignal.timeout(timeoutMs) });
    await answer.arrayBuffer();
    if (answer.ok === expected) return true;
    await sleep(pollMs);
  }
  return false;
}

function ended(history: History, stage: Stage): number {
  const isWithin = (at: number) => at >= stage.at('from') && at <= stage.at('to');
  return history.endings().filter(({ at }) => isWithin(at)).length;
}
