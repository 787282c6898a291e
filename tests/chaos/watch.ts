// Tells people how a long run goes: a line every half a minute, the memory of every process every five.
import { readFileSync } from 'node:fs';
import type { Stage } from './stage.ts';

const lineEveryMs = 30_000;
const memoryEveryMs = 300_000;

export class Watch {
  /** What is broken at the moment. */
  now = 'nothing is broken';
  private readonly stage: Stage;
  private readonly startedAt = Date.now();
  private readonly timers: NodeJS.Timeout[];

  private constructor(stage: Stage) {
    this.stage = stage;
    this.timers = [
      setInterval(() => void this.line(), lineEveryMs),
      setInterval(() => this.memory(), memoryEveryMs),
    ];
    this.memory();
  }

  /** Until it is stopped. */
  static over(stage: Stage): Watch {
    return new Watch(stage);
  }

  stop(): void {
    for (const timer of this.timers) clearInterval(timer);
    this.memory();
  }

  private async line(): Promise<void> {
    const { fleet, poster, options, notes } = this.stage;
    const [seen, posted] = await Promise.all([fleet.wait(() => true, 1), poster.wait(() => true, 1)]);
    const minutes = ((Date.now() - this.startedAt) / 60_000).toFixed(1);
    const facts = [
      `${minutes} of ${(options.seconds / 60).toFixed(0)} min`,
      `${posted?.accepted ?? 0} accepted (${posted?.refusedForNow ?? 0} refused for now)`,
      `${seen?.got ?? 0} delivered, ${seen?.open ?? 0} open`,
      `fault ${notes['faults'] ?? 0}: ${this.now}`,
    ];
    options.say(facts.join('; '));
  }

  /** Resident, in MiB. */
  private memory(): void {
    const { cluster, options } = this.stage;
    const { mongo, redis, nats } = cluster.services;
    const servers = mongo.members.map(({ pid }, at) => ({ name: `mongod-${at + 1}`, pid }));
    const others = [
      { name: 'redis', pid: redis.pid },
      { name: 'nats', pid: nats.pid },
      { name: 'harness', pid: process.pid },
    ];
    const all = [...cluster.processes, ...servers, ...others];
    const sizes = all.map(({ name, pid }) => `${name} ${residentMiB(pid)}`);
    options.say(`memory, MiB: ${sizes.join(', ')}`);
  }
}

/** `-` where there is no such process. */
export function residentMiB(pid: number): string {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return (Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024).toFixed(0);
  } catch {
    return '-'; // it was killed just now
  }
}
