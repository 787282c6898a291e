// A process of the harness whose doorbells are of a version that the others do not know, and that knows none
// of theirs: what a rolling deploy looks like when the format on the bus has changed. The environment says so
// (CHAOS_DOORBELL_VERSION). The product knows nothing of it.
import { joinDoorbells } from '@carillon/domain';
import type { Bus, BusMessage } from '@carillon/domain/ports';
import type { ServiceContext } from '@carillon/platform';
import { replacing } from './replacing.ts';

/** Where batches of doorbells travel. */
const batchSubjects = /^carillon\.(?:dispatch\.|push\.|push-all$|log\.)/;
/** Of no version at all. */
const unknown = 255;

/** The same context, on a bus that speaks another version. */
export function foreign(context: ServiceContext): ServiceContext {
  const version = Number(process.env['CHAOS_DOORBELL_VERSION'] ?? 0);
  if (version === 0) return context;
  const { bus } = context;
  const [ours = 0] = joinDoorbells([]);
  const outgoing = (subject: string, data: Uint8Array) =>
    batchSubjects.test(subject) ? withVersion(data, version) : data;
  const incoming = (data: Uint8Array) => withVersion(data, data[0] === version ? ours : unknown);
  const parts: Partial<Bus> = {
    publish: (subject, data) => bus.publish(subject, outgoing(subject, data)),
    request: (subject, data, timeoutMs) => bus.request(subject, outgoing(subject, data), timeoutMs),
    subscribe: (subject, onMessage, group) => {
      const listener = (message: BusMessage) =>
        onMessage({ data: incoming(message.data), reply: (data) => message.reply(data) });
      return bus.subscribe(subject, batchSubjects.test(subject) ? listener : onMessage, group);
    },
  };
  return { ...context, bus: replacing<Bus>(bus, parts) };
}

function withVersion(batch: Uint8Array, version: number): Uint8Array {
  const copy = Uint8Array.from(batch);
  copy[0] = version;
  return copy;
}
