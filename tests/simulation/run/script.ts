/**
 * What goes wrong in a run, and when: drawn from the seed before anything happens. Must never break anything
 * after the healing.
 */
import type { Random } from '@carillon/domain/ports';
import { purge } from '../store/purger.js';
import { Process } from '../world/process.js';
import { calm, type Weather } from '../world/weather.js';
import type { Cluster, ServiceBoot } from './cluster.js';
import { parameters } from './parameters.js';
import { pick } from './pick.js';
import { planRestore } from './restore.js';
import { dayMs, faultsFromMs, healMs } from './span.js';

type Incident = (cluster: Cluster, random: Random) => void;

/** Purge goes on after the healing, until nothing is left that is due. */
const purgeUntilMs = 28_000;
/** Nothing is purged that a writer could still build upon; only what was there before the run is so old. */
const purgeAfterMs = dayMs;
/** A machine's clock that jumps. */
const jumpsMs = [-3_600_000, -600_000, 600_000];
const wakesMs = [0, 1_000, 2_500, 4_000, 5_500, 7_000, 8_500];

/** Plans the incidents of the seed and the weather around them. */
export function planFaults(cluster: Cluster): void {
  const { world } = cluster;
  const random = world.chance('script');
  world.after(faultsFromMs, () => {
    world.weather = weatherOf(random);
    world.history.note('weather', JSON.stringify(world.weather));
  });
  const count = 3 + Math.floor(random.next() * 9);
  const names = Object.keys(incidents);
  for (let at = 0; at < count; at += 1) {
    const name = names[Math.floor(random.next() * names.length)] as string;
    const incident = incidents[name] as Incident;
    world.after(faultsFromMs + random.next() * (healMs - faultsFromMs - 200), () => {
      world.history.note('incident', name);
      incident(cluster, random);
    });
  }
  const hasPurge = random.next() < 0.5;
  if (hasPurge) planPurge(cluster, random);
  const hasRestore = random.next() < 0.15;
  if (hasRestore) planRestore(cluster, random);
}

/** Each kind of fault is absent in some seeds, so that the others are seen alone. */
function weatherOf(random: Random): Weather {
  const maybe = (probability: number) => (random.next() < 0.5 ? 0 : random.next() * probability);
  return {
    store: {
      lost: maybe(0.05),
      answerLost: maybe(0.1),
      late: maybe(0.05),
      lateMaxMs: random.next() * 4_000,
      concernUnmet: maybe(0.1),
      readRefused: maybe(0.08),
      failover: maybe(0.05),
      commitMaxMs: random.next() < 0.5 ? 5 : random.next() * (random.next() < 0.2 ? 4_000 : 300),
    },
    routes: { lost: maybe(0.2), answerLost: maybe(0.1), slowMaxMs: 60 + maybe(400) },
    bus: { lost: maybe(0.3), doubled: maybe(0.2), delayed: maybe(0.3) },
    delayMs: random.next() * 1_500,
    slowNet: maybe(0.1),
  };
}

const incidents: Readonly<Record<string, Incident>> = {
  crash: ({ services, restart }, random) => {
    const boot = pick(services(), random);
    if (!boot) return;
    const isSent = random.next() < 0.5;
    boot.process.trap = { left: 1 + Math.floor(random.next() * 40), what: 'crash', ms: 0, isSent };
    restart(boot, 300 + random.next() * 3_000);
  },
  pause: ({ services }, random) => {
    const boot = pick(services(), random);
    if (!boot) return;
    const ms = random.next() < 0.3 ? 4_000 + random.next() * 4_000 : random.next() * 1_500;
    boot.process.trap = { left: 1 + Math.floor(random.next() * 40), what: 'pause', ms, isSent: false };
  },
  drain: (cluster, random) => {
    cluster.drainOne(random);
  },
  failover: ({ ground }, random) => {
    ground.replicas.failOver();
    ground.replicas.goDown(random.next() * 1_500);
  },
  storeAway: ({ ground }, random) => ground.replicas.goDown(random.next() * 3_000),
  flushRoutes: ({ ground }) => ground.routeData.wipe(),
  staleRoutes: ({ ground, world }, random) => {
    const restore = ground.routeData.snapshot();
    // A copy older than a heartbeat: a younger one is not noticed before anti-entropy finds something.
    world.after(parameters.leaseRenewMs * 1.5 + random.next() * 4_000, () => {
      world.history.note('routes restored');
      restore();
    });
  },
  busAway: ({ services, world }, random) => {
    const boots = services();
    const one = random.next() < 0.5 ? pick(boots, random) : undefined;
    const hit = one ? [one] : boots;
    for (const boot of hit) boot.bus.line.goAway();
    world.after(random.next() * 2_500, () => {
      world.history.note('bus back');
      for (const boot of hit) if (boot.process.life !== 'dead') boot.bus.line.comeBack();
    });
  },
  clockJump: ({ services, world }, random) => {
    const boot = pick(services(), random);
    const ms = jumpsMs[Math.floor(random.next() * jumpsMs.length)] ?? 0;
    if (!boot) return;
    world.history.note('jump', boot.process.name, ms);
    boot.process.clock.skewMs += ms;
    world.after(random.next() * 8_000, () => setRight(boot));
  },
  reload: (cluster, random) => cluster.reloadOne(random),
  sleepingTab: ({ watch }, random) => {
    pick(watch.openTabs(), random)?.tab.process.pause(random.next() * 8_000);
  },
  reset: ({ balancer }, random) => pick(liveWires(balancer), random)?.reset(),
  dark: ({ balancer }, random) => pick(liveWires(balancer), random)?.goDark(),
  stall: ({ balancer }, random) => pick(liveWires(balancer), random)?.stall(random.next() * 5_000),
};

/** The real purge, again and again, by a process that may die in the middle. */
function planPurge(cluster: Cluster, random: Random): void {
  const { world, ground, users } = cluster;
  for (let at = 600; at < purgeUntilMs; at += 500) {
    world.after(at, () => {
      if (cluster.isStopped) return;
      const janitor = new Process(world, `janitor.${at}`);
      cluster.janitors.add(janitor);
      if (!cluster.isHealed && random.next() < 0.2) {
        const left = 1 + Math.floor(random.next() * 8);
        janitor.trap = { left, what: 'crash', ms: 0, isSent: random.next() < 0.5 };
      }
      const log = users[Math.floor(random.next() * users.length)]?.log;
      const now = world.startMs + world.time;
      const bounds = {
        expiredBefore: now,
        acceptedBefore: now - purgeAfterMs,
        limit: 1 + Math.floor(random.next() * 6),
      };
      if (log)
        purge({ replicas: ground.replicas, process: janitor }, log, bounds)
          .catch(() => world.history.note('purge failed'))
          .finally(() => cluster.janitors.delete(janitor));
    });
  }
}

/** Nothing goes wrong from now on; what was broken is repaired. */
export function heal(cluster: Cluster): void {
  cluster.world.weather = calm;
  cluster.isHealed = true;
  cluster.world.history.note('healed');
  for (const boot of cluster.services()) {
    boot.process.trap = undefined;
    boot.bus.line.comeBack();
    setRight(boot);
  }
  // People look at their pages again, so that nobody waits for the longest back-off.
  for (const ms of wakesMs) {
    cluster.world.after(ms, () => {
      for (const { tab } of cluster.watch.openTabs()) tab.wake();
    });
  }
}

/** The machine's clock is set; its process finds out by itself. */
function setRight({ process }: ServiceBoot): void {
  if (process.clock.skewMs !== 0) process.world.history.note('jump', process.name, -process.clock.skewMs);
  process.clock.skewMs = 0;
}

function liveWires({ wires }: Cluster['balancer']) {
  return [...wires].filter((wire) => !wire.server.hasEnded && wire.goneAt === undefined);
}
