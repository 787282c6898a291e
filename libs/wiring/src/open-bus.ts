/** Which bus for which configuration. */
import type { Bus, Clock, Random } from '@carillon/domain/ports';
import type { BusConfig } from '@carillon/platform';

export interface BusParts {
  /** How this process is called on the bus. */
  readonly name: string;
  /** A prefix of its own per service, so that the bus can be told who may listen where. */
  readonly inboxPrefix: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Told of what has no caller. */
  readonly report: (error: Error) => void;
}

/** Does not wait for NATS: while it is away messages are taken and found by anti-entropy. */
export async function openBus(config: BusConfig, parts: BusParts): Promise<Bus> {
  const { name, inboxPrefix, clock, random, report } = parts;
  switch (config.kind) {
    case 'nats': {
      const { NatsBus } = await import('@carillon/bus-nats');
      return NatsBus.open({ url: config.url, name, inboxPrefix, random, report });
    }
    case 'memory': {
      const { MemoryBus } = await import('@carillon/bus-memory');
      return new MemoryBus(clock);
    }
    default:
      return config satisfies never;
  }
}
