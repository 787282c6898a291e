/** A run that has gone well, to be spoilt by specs. */
import type { Outturn } from './crew.js';
import type { Plan } from './plan.js';
import { type BenchResult, type Provenance, resultOf } from './result.js';
import { Tally } from './tally.js';

export const somePlan: Plan = {
  mode: 'end-to-end',
  url: 'http://127.0.0.1:8080',
  sockets: 20,
  rate: 100,
  durationMs: 3_600_000,
  messages: 200,
  batch: 1,
  bytes: 128,
  concurrency: 16,
  workers: 1,
  seed: 7,
  run: 'abcdefg',
};

export const provenance: Provenance = {
  startedAt: '2026-11-30T10:00:00.000Z',
  command: 'carillon bench end-to-end --seed 7',
  version: '0.1.0',
  serverVersion: '0.1.0',
  node: '24.0.0',
  system: 'linux 6 x64',
  cpus: '2 × CPU',
  isSameMachine: true,
};

/** 20 sockets, 200 messages in 2 s, each there after 1 to 20 ms. */
export function goodTally(): Tally {
  const tally = new Tally();
  for (let nth = 0; nth < 20; nth += 1) {
    tally.durations.welcome.add(5 + nth);
    tally.mark('opened', nth * 10);
  }
  tally.counts.posted = 200;
  for (let nth = 0; nth < 200; nth += 1) {
    tally.durations.answer.add(1 + (nth % 10));
    tally.durations.handler.add(1 + (nth % 20));
    tally.mark('accepted', (nth + 1) * 10);
    tally.mark('arrived', (nth + 1) * 10);
  }
  return tally;
}

export interface Spoilt {
  readonly plan?: Partial<Plan>;
  readonly outturn?: Partial<Outturn>;
  readonly made?: Partial<Provenance>;
  readonly tally?: (tally: Tally) => void;
}

export function someResult({ plan, outturn, made, tally: spoil }: Spoilt = {}): BenchResult {
  const tally = goodTally();
  spoil?.(tally);
  const ended: Outturn = {
    tally,
    startedAtMs: 0,
    tookMs: 2_000,
    cpuMs: 500,
    rssBytes: 104_857_600,
    socketsBytes: 2_048_000,
    endedEarly: false,
    ...outturn,
  };
  return resultOf({ ...somePlan, ...plan }, ended, { ...provenance, ...made });
}
