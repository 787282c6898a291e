/**
 * The store as one process sees it: the real append and the real roles over the replica set, reads with the
 * concern that the rules ask for. Must never read otherwise than the real adapter.
 */
import type { Draft, Entry, LogKey, UserKey } from '@carillon/domain';
import {
  type Appended,
  type CursorMove,
  type CursorQuestion,
  Cursors,
  type Devices,
  type LogPlace,
  MessageLog,
  PortUnavailable,
  type Receipts,
  randomName,
  type Store,
  StoreFacts,
} from '@carillon/domain/ports';
import type { MemoryStore } from '@carillon/store-memory';
import { Appender } from '../../../libs/adapters/store-mongo/src/append.js';
import type { Process } from '../world/process.js';
import type { Ask } from './documents.js';
import type { ReadConcern, ReplicaSet } from './replica-set.js';
import { openRoles } from './roles.js';

/** What all processes share. */
export interface StoreWorld {
  readonly replicas: ReplicaSet;
  /** Devices and receipts: nothing that is promised depends on them. */
  readonly ledger: MemoryStore;
}

/** Of what the append builds upon (A1), of its look at its own rows (A4), of everybody else (A2). */
const baseConcern: ReadConcern = 'majority';
const ownConcern: ReadConcern = 'majority';
const readerConcern: ReadConcern = 'majority';

/** All roles that Collect and Push use. */
export type ProcessStore = Omit<Store, 'keyRing' | 'close'>;

export function openStore({ replicas, ledger }: StoreWorld, process: Process): ProcessStore {
  const ask = <T>(call: () => Promise<T>) => process.call(call);
  const appender = new Appender({
    calls: {
      insert: (rows, isOrdered) => ask(() => replicas.insert(rows, isOrdered)),
      newest: (logs) =>
        ask(() => replicas.read(baseConcern, (view) => new Map(logs.map((log) => [log, view.newest(log)])))),
      present: (ids) =>
        ask(() => replicas.read(ownConcern, (view) => ids.flatMap((id) => view.ids.get(id) ?? []))),
    },
    clock: process.clock,
    random: process.random,
    deadlineMs: 5_000,
    baseCacheMs: 10_000,
  });
  return {
    log: new ProcessLog(replicas, appender, ask),
    cursors: new ProcessCursors(replicas, ask),
    devices: forgetting(guarded(ledger.devices, ask, process), (user) =>
      ask(() => replicas.update(() => [{ kind: 'forget', user }])),
    ),
    receipts: guarded(ledger.receipts, ask, process),
    facts: new ProcessFacts(replicas, process),
    ...openRoles(replicas, ask),
  };
}

class ProcessLog extends MessageLog {
  constructor(
    private readonly replicas: ReplicaSet,
    private readonly appender: Appender,
    private readonly ask: Ask,
  ) {
    super();
  }

  override append(drafts: readonly Draft[]): Promise<readonly Appended[]> {
    return this.appender.append(drafts);
  }

  override read(log: LogKey, after: number, limit: number): Promise<readonly Entry[]> {
    return this.ask(() =>
      this.replicas.read(readerConcern, (view) => contiguous(view.after(log, after, limit))),
    );
  }

  override readMany(places: readonly LogPlace[], limit: number): Promise<readonly (readonly Entry[])[]> {
    return this.ask(() =>
      this.replicas.read(readerConcern, (view) =>
        places.map(({ log, after }) => contiguous(view.after(log, after, limit))),
      ),
    );
  }

  override heads(logs: readonly LogKey[]): Promise<ReadonlyMap<LogKey, number>> {
    return this.ask(() =>
      this.replicas.read(readerConcern, (view) => new Map(logs.map((log) => [log, view.newest(log)]))),
    );
  }

  override ofMessage(messageId: string): Promise<readonly Entry[]> {
    return this.ask(() =>
      this.replicas.read(readerConcern, (view) =>
        [...view.ids.values()].filter(({ id }) => id === messageId || id.startsWith(`${messageId}@`)),
      ),
    );
  }

  override entryOf(messageId: string, log: LogKey): Promise<Entry | undefined> {
    return this.ask(() =>
      this.replicas.read(readerConcern, (view) =>
        [view.ids.get(messageId), view.ids.get(`${messageId}@${log}`)].find((row) => row?.log === log),
      ),
    );
  }
}

class ProcessCursors extends Cursors {
  constructor(
    private readonly replicas: ReplicaSet,
    private readonly ask: Ask,
  ) {
    super();
  }

  override load(device: CursorMove['device'], logs: readonly LogKey[]): Promise<ReadonlyMap<LogKey, number>> {
    return this.ask(() =>
      this.replicas.read('majority', (view) => {
        const found = new Map<LogKey, number>();
        for (const log of logs) {
          const seq = view.cursors.get(log)?.get(device);
          if (seq !== undefined) found.set(log, seq);
        }
        return found;
      }),
    );
  }

  override loadMany(questions: readonly CursorQuestion[]): Promise<readonly ReadonlyMap<LogKey, number>[]> {
    return Promise.all(questions.map(({ device, logs }) => this.load(device, logs)));
  }

  override furthest(logs: readonly LogKey[]): Promise<ReadonlyMap<LogKey, number>> {
    return this.ask(() =>
      this.replicas.read(
        'majority',
        (view) => new Map(logs.map((log) => [log, Math.max(0, ...(view.cursors.get(log)?.values() ?? []))])),
      ),
    );
  }

  override async begin(moves: readonly CursorMove[]): Promise<void> {
    await this.ask(() => this.replicas.update(() => moves.map(operationOf)));
  }

  override advance(moves: readonly CursorMove[]): Promise<void> {
    return this.ask(() => this.replicas.write(moves.map(operationOf)));
  }
}

function operationOf(move: CursorMove) {
  return { kind: 'cursor', ...move } as const;
}

class ProcessFacts extends StoreFacts {
  constructor(
    private readonly replicas: ReplicaSet,
    private readonly process: Process,
  ) {
    super();
  }

  override epoch(): Promise<string> {
    return this.process.call(() => this.replicas.read('majority', ({ epoch }) => epoch));
  }

  override async beginEpoch(): Promise<string> {
    const epoch = randomName(this.process.random, 8);
    await this.process.call(() => this.replicas.update(() => [{ kind: 'epoch', epoch }]));
    return epoch;
  }

  /** The primary's clock is right. */
  override now(): Promise<number> {
    const { world } = this.process;
    return this.process.call(() =>
      this.replicas.read('majority', () => Math.round(world.startMs + world.time)),
    );
  }
}

/** A forgotten device takes its positions along. */
function forgetting(devices: Devices, forget: (user: UserKey) => Promise<unknown>): Devices {
  return new Proxy(devices, {
    get: (target, name) => {
      const method = Reflect.get(target, name);
      if (name !== 'forget') return method;
      return async (user: UserKey) => {
        await devices.forget(user);
        await forget(user);
      };
    },
  });
}

/** A role whose writes may fail before or after they happened. */
function guarded<R extends Devices | Receipts>(role: R, ask: Ask, { world }: Process): R {
  const random = world.chance('ledger');
  return new Proxy(role, {
    get: (target, name) => {
      const method = Reflect.get(target, name) as (...values: unknown[]) => Promise<unknown>;
      return (...values: unknown[]) =>
        ask(async () => {
          await new Promise<void>((resolve) => {
            world.after(1, resolve);
          });
          const { lost, answerLost } = world.weather.store;
          const isLost = lost > 0 && random.next() < lost;
          if (isLost) throw new PortUnavailable('lost');
          const answer = await method.apply(target, values);
          if (answerLost > 0 && random.next() < answerLost) throw new PortUnavailable('answer lost');
          return answer;
        });
    },
  });
}

/** The rows up to the first gap, as the real adapter reads them. */
function contiguous(rows: readonly Entry[]): readonly Entry[] {
  const first = rows[0];
  if (!first) return rows;
  const gap = rows.findIndex((row, index) => row.seq !== first.seq + index);
  return gap < 0 ? rows : rows.slice(0, gap);
}
