// The row of the balancer: a real HAProxy between the fleet and the Push nodes, with the configuration of
// production.
import type { Cluster } from '../../../tools/cluster/cluster.ts';
import { Balancer, servicesOf } from '../../proxies/balancer.ts';
import { Visitor } from '../../proxies/visitor.ts';
import { Desk } from '../desk.ts';
import type { History } from '../history.ts';
import { atLeast, atMostMs, none, type Row } from '../row.ts';
import type { Stage } from '../stage.ts';

const visitorsMax = 30;
const returnsEach = 3;
/** Longer than the idle time-out of many a proxy. */
const idleMs = 60_000;
const idleWaitMs = 65_000;
const removed = 'push-3';
const killed = 'push-1';
const onlineWithinMs = 20_000;
const brokenCode = 1006;
const balancers = new WeakMap<Stage, Balancer>();

export const proxyRows: readonly Row[] = [
  {
    row: '29',
    broken: 'proxy reload; node removed from the balancer, drained, put back; idle 60 s; cookie stickiness',
    outcome: 'sockets live; reconnect goes to the same node while it lives',
    seconds: 90,
    quickSeconds: 20,
    messagesPerSecond: 50,
    prepare: throughBalancer,
    run: breakBalancer,
    judge: (history, stage) => [
      none('sockets ended by a reload or a removal', endedByReload(history, stage)),
      none('sockets that saw 1006 before the kill', broken(history, stage)),
      atLeast('returns with a cookie', noted(stage, 'returns'), 3 * visitorsMax * returnsEach),
      none('returns to another node while theirs lived', noted(stage, 'strays')),
      none('returns to a node that was removed or dead', noted(stage, 'ghosts')),
      atLeast('idle sockets watched', noted(stage, 'idle'), 1),
      atLeast('idle for, ms', noted(stage, 'idleMs'), idleMs),
      none('idle sockets cut', noted(stage, 'cut')),
      atMostMs('longest delay after the 202', history.longestMs, onlineWithinMs),
    ],
  },
];

async function throughBalancer(stage: Stage): Promise<void> {
  const balancer = await Balancer.start(servicesOf(stage.cluster));
  balancers.set(stage, balancer);
  stage.socketUrls = [balancer.socketUrl];
  // It goes when nobody is left to come.
  void stage.fleet.ended.then(() => balancer.stop());
}

async function breakBalancer(stage: Stage): Promise<void> {
  const balancer = balancers.get(stage);
  if (!balancer) throw new Error('there is no balancer');
  const { cluster } = stage;
  const visitors = await visit(stage, balancer);
  try {
    stage.mark('open');
    await balancer.reload(servicesOf(cluster));
    await allReturn(stage, visitors);
    await balancer.reload(servicesWithout(cluster, removed));
    await allReturn(stage, visitors, removed);
    stage.mark('stopped');
    const node = stage.app(removed);
    const { ended } = node;
    await node.kill('SIGTERM');
    await ended;
    await node.restart();
    await balancer.reload(servicesOf(cluster));
    await watchIdle(stage, visitors);
    stage.mark('killed');
    await stage.app(killed).kill('SIGKILL');
    await allReturn(stage, visitors, killed);
  } finally {
    for (const { page } of visitors) page.close();
  }
}

interface Settled {
  readonly user: string;
  readonly token: string;
  readonly page: Visitor;
  /** Where it was first. */
  readonly node: string;
  readonly cookie: string;
}

/** Browsers beside the fleet, which has no cookies; nobody posts to them. */
async function visit(stage: Stage, { url }: Balancer): Promise<Settled[]> {
  const desk = new Desk(stage);
  const names = Array.from({ length: visitorsMax }, (_, at) => `${stage.options.prefix}v${at}`);
  return Promise.all(
    names.map(async (user) => {
      const token = await desk.token(user);
      const page = await Visitor.open({ url, token, device: 'home' });
      return { user, token, page, node: page.node, cookie: page.cookie ?? '' };
    }),
  );
}

/** Each comes back from other addresses; those whose node is not to be had must be elsewhere. */
async function allReturn(stage: Stage, visitors: readonly Settled[], gone?: string): Promise<void> {
  const url = balancers.get(stage)?.url ?? '';
  for (let round = 1; round <= returnsEach; round += 1) {
    await Promise.all(
      visitors.map(async ({ token, node, cookie }, at) => {
        const address = `127.0.${round}.${at + 1}`;
        const back = await Visitor.open({ url, token, device: 'home', cookie, address });
        add(stage, 'returns', 1);
        add(stage, 'strays', node !== gone && back.node !== node ? 1 : 0);
        add(stage, 'ghosts', back.node === gone ? 1 : 0);
        back.close();
      }),
    );
  }
}

/** Of those that had no reason to move. */
async function watchIdle(stage: Stage, visitors: readonly Settled[]): Promise<void> {
  const quiet = visitors.filter(({ node }) => node !== removed);
  await stage.wait(Math.max(0, stage.at('open') + idleWaitMs - Date.now()), 0);
  stage.notes['idleMs'] = Date.now() - stage.at('open');
  stage.notes['idle'] = quiet.length;
  stage.notes['cut'] = quiet.filter(({ page }) => page.endings.length > 0).length;
}

function servicesWithout(cluster: Cluster, name: string): ReturnType<typeof servicesOf> {
  const services = servicesOf(cluster);
  return { ...services, push: services.push.filter((_, at) => cluster.pushNodes[at]?.name !== name) };
}

function endedByReload(history: History, stage: Stage): number {
  return history.endings().filter(({ at }) => at >= stage.at('open') && at < stage.at('stopped')).length;
}

function broken(history: History, stage: Stage): number {
  const before = history.endings().filter(({ at }) => at < stage.at('killed'));
  return before.filter(({ code }) => code === brokenCode).length;
}

function noted(stage: Stage, name: string): number {
  return stage.notes[name] ?? Number.NaN;
}

function add(stage: Stage, name: string, count: number): void {
  stage.notes[name] = (stage.notes[name] ?? 0) + count;
}
