// Places where a process of the harness dies or stands still on purpose: wrappers around the ports, put in by
// the mains of this folder. Armed by SIGUSR2; the environment says which one (CHAOS_CRASH_POINT). The product
// knows nothing of them.
import type { Bus, BusMessage, MessageLog, Receipts, Subscription } from '@carillon/domain/ports';
import type { ServiceContext } from '@carillon/platform';
import { replacing } from './replacing.ts';

/** Named by what has happened last when the process dies (or, for `append-pause`, stands still). */
export const crashPoints = [
  /** Half of a commit of at least two entries is durable. */
  'append-half',
  /** A commit is durable, and nobody was told. */
  'append-done',
  /** Stands still (SIGSTOP) somewhere inside an append. */
  'append-pause',
  /** Producers have their 202, and the doorbell has not left. */
  'doorbell',
  /** The nodes have the batch, and Collect has no answer. */
  'reply',
  /** Acks were taken, and their receipts are not written. */
  'receipts',
  /** A promise was rejected, and nobody looks. */
  'rejection',
  /** More memory is asked for than there is. */
  'balloon',
] as const;
export type CrashPoint = (typeof crashPoints)[number];

/** Time for a 202 to leave before the process does. */
const answersLeaveMs = 100;
/** An append takes a few milliseconds; the pause falls somewhere into it. */
const pauseWithinMs = 5;

/** The same context, with the crash point of the environment in its ports. */
export function breakable(context: ServiceContext): ServiceContext {
  const point = crashPoints.find((each) => each === process.env['CHAOS_CRASH_POINT']);
  let isArmed = false;
  process.on('SIGUSR2', () => {
    isArmed = true;
    if (point === 'rejection') void Promise.reject(new Error('nobody handles this, on purpose'));
    if (point === 'balloon') inflate();
  });
  const isAt = (here: CrashPoint) => isArmed && point === here;
  const { store, bus } = context;
  return {
    ...context,
    bus: replacing<Bus>(bus, busParts(bus, isAt)),
    // Read only when asked for: not every service has a store.
    store: replacing(store, {
      get log() {
        return replacing<MessageLog>(store.log, { append: appendOf(store.log, isAt) });
      },
      get receipts() {
        return replacing<Receipts>(store.receipts, { record: recordOf(store.receipts, isAt) });
      },
    }),
  };
}

const balloonPieces = 16;
const balloonLength = 100_000;

type IsAt = (here: CrashPoint) => boolean;

function appendOf(log: MessageLog, isAt: IsAt): MessageLog['append'] {
  let hasPaused = false;
  return async (drafts) => {
    if (isAt('append-half') && drafts.length > 1) {
      await log.append(drafts.slice(0, Math.ceil(drafts.length / 2)));
      die();
    }
    if (isAt('append-pause') && !hasPaused) {
      hasPaused = true;
      setTimeout(() => process.kill(process.pid, 'SIGSTOP'), Math.random() * pauseWithinMs);
    }
    const outcomes = await log.append(drafts);
    if (isAt('append-done')) die();
    return outcomes;
  };
}

function recordOf(receipts: Receipts, isAt: IsAt): Receipts['record'] {
  return (additions, connections) => {
    if (isAt('receipts')) die();
    return receipts.record(additions, connections);
  };
}

function busParts(bus: Bus, isAt: IsAt): Partial<Bus> {
  return {
    request: (subject, data, timeoutMs) => {
      if (!isAt('doorbell') || !subject.startsWith('carillon.dispatch.')) {
        return bus.request(subject, data, timeoutMs);
      }
      setTimeout(die, answersLeaveMs);
      return new Promise(() => {}); // no doorbell leaves any more
    },
    subscribe: (subject, onMessage, group): Subscription => {
      const listener = (message: BusMessage) => {
        const reply = (data: Uint8Array) => {
          if (isAt('reply')) die();
          message.reply(data);
        };
        onMessage({ data: message.data, reply });
      };
      return bus.subscribe(subject, subject.startsWith('carillon.dispatch.') ? listener : onMessage, group);
    },
  };
}

/** Until the engine gives up; in turns, as a leak that other work goes on beside. */
function inflate(held: number[][] = []): void {
  for (let piece = 0; piece < balloonPieces; piece++) {
    held.push(Array.from({ length: balloonLength }, () => piece));
  }
  setImmediate(inflate, held);
}

/** As a power cut: nothing is flushed, nobody is told. */
function die(): never {
  process.kill(process.pid, 'SIGKILL');
  for (;;); // the signal is on its way, and nothing may happen before it
}
