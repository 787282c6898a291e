/** Which bus for which configuration. */
import { type Bus, type Clock, PortError, type Random } from '@carillon/domain/ports';
import { type BusConfig, StartFault } from '@carillon/platform';

export interface BusParts {
  /** How this process is called on the bus. */
  readonly name: string;
  /** A prefix of its own per service, so that the bus can be told who may listen where. */
  readonly inboxPrefix: string;
  readonly clock: Clock;
  readonly random: Random;
}

/** @throws StartFault */
export async function openBus(config: BusConfig, parts: BusParts): Promise<Bus> {
  const { name, inboxPrefix, clock, random } = parts;
  switch (config.kind) {
    case 'nats': {
      const { NatsBus } = await import('@carillon/bus-nats');
      try {
        return await NatsBus.open({ url: config.url, name, inboxPrefix, random });
      } catch (error) {
        if (!(error instanceof PortError)) throw error;
        throw new StartFault('NATS cannot be reached: start it, or correct NATS_URL.', { cause: error });
      }
    }
    case 'memory': {
      const { MemoryBus } = await import('@carillon/bus-memory');
      return new MemoryBus(clock);
    }
    default:
      return config satisfies never;
  }
}
