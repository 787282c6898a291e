/**
 * Messages for later. Every step is one update that asks for the state it starts from, so of processes that
 * race one wins. Must never hand out a message that another still holds a claim on.
 */
import { type Claim, PortUnavailable, Schedule, type ScheduledMessage } from '@carillon/domain/ports';
import type { mongo } from 'mongoose';
import { isDuplicate } from './driver-errors.js';
import type { Guard } from './guard.js';
import type { ScheduledRow } from './rows.js';

/**
 * Who loses all it had found to others looks again so many times; what is left then waits for the next call.
 */
const looksMax = 3;

export class MongoSchedule extends Schedule {
  readonly #scheduled: mongo.Collection<ScheduledRow>;
  readonly #guard: Guard;

  constructor(scheduled: mongo.Collection<ScheduledRow>, guard: Guard) {
    super();
    this.#scheduled = scheduled;
    this.#guard = guard;
  }

  override async add(message: Omit<ScheduledMessage, 'state'>): Promise<ScheduledMessage> {
    const { id, ...rest } = message;
    const row: ScheduledRow = { _id: id, ...rest, state: 'waiting' };
    const isNew = await this.#guard.call(async () => {
      try {
        await this.#scheduled.insertOne(row);
        return true;
      } catch (error) {
        if (isDuplicate(error)) return false;
        throw error;
      }
    });
    if (isNew) return messageFromRow(row);
    const [stored] = await this.find([id]);
    if (!stored)
      throw new PortUnavailable('the message that is there is not committed yet, or has just gone');
    return stored;
  }

  override async find(ids: readonly string[]): Promise<readonly ScheduledMessage[]> {
    if (ids.length === 0) return [];
    const rows = await this.#guard.call(() => this.#scheduled.find({ _id: { $in: [...ids] } }).toArray());
    return rows.map(messageFromRow);
  }

  override async claimDue(now: number, claim: Claim, limit: number): Promise<readonly ScheduledMessage[]> {
    for (let look = 1; limit > 0 && look <= looksMax; look += 1) {
      const due = await this.#guard.call(() =>
        this.#scheduled
          .find(dueAt(now), { limit, batchSize: limit, projection: { _id: 1 } })
          .sort({ dueAt: 1 })
          .toArray(),
      );
      if (due.length === 0) break;
      const won = await this.#claim(
        due.map((row) => row._id),
        now,
        claim,
      );
      if (won.length > 0) return won;
    }
    return [];
  }

  override async fired(ids: readonly string[], by: string, now: number): Promise<void> {
    if (ids.length === 0) return;
    const held = { _id: { $in: [...ids] }, state: 'claimed', claimedBy: by } as const;
    const update = { $set: { state: 'fired', endedAt: new Date(now) } } as const;
    await this.#guard.call(() => this.#scheduled.updateMany(held, update));
  }

  override async cancel(id: string, now: number): Promise<'cancelled' | 'too-late' | 'unknown'> {
    const update = { $set: { state: 'cancelled', endedAt: new Date(now) } } as const;
    const { matchedCount } = await this.#guard.call(() =>
      this.#scheduled.updateOne({ _id: id, state: 'waiting' }, update),
    );
    if (matchedCount === 1) return 'cancelled';
    const [stored] = await this.find([id]);
    if (!stored) return 'unknown';
    return stored.state === 'cancelled' ? 'cancelled' : 'too-late';
  }

  /** Of these what is still free when the update comes to it, oldest first. */
  async #claim(ids: readonly string[], now: number, { by, until }: Claim): Promise<ScheduledMessage[]> {
    const those = { _id: { $in: [...ids] } };
    const claimed = { state: 'claimed', claimedBy: by, claimedUntil: until } as const;
    await this.#guard.call(() => this.#scheduled.updateMany({ ...those, ...dueAt(now) }, { $set: claimed }));
    const rows = await this.#guard.call(() =>
      this.#scheduled
        .find({ ...those, ...claimed })
        .sort({ dueAt: 1 })
        .toArray(),
    );
    return rows.map(messageFromRow);
  }
}

/** What is waiting and due, or was claimed by somebody whose time ran out; its plan is held by a test. */
export function dueAt(now: number): mongo.Filter<ScheduledRow> {
  return {
    $or: [
      { state: 'waiting', dueAt: { $lte: now } },
      { state: 'claimed', dueAt: { $lte: now }, claimedUntil: { $lte: now } },
    ],
  };
}

function messageFromRow(row: ScheduledRow): ScheduledMessage {
  const { _id, claimedBy: _by, claimedUntil: _until, endedAt: _endedAt, ...rest } = row;
  return { id: _id, ...rest };
}
