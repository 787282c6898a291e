/**
 * Takes messages back: what waits for its time is cancelled, what is in its logs is marked and its content
 * removed. Nodes are told at once; where that is lost they find the mark in the store within 15 s.
 */
import { messageIdPattern, type RecallReply } from '@carillon/api';
import {
  deviceName,
  type Entry,
  logUser,
  type Receipt,
  tenantOf,
  type UserKey,
  userName,
} from '@carillon/domain';
import { Clock, Marks, MessageLog, Receipts, Schedule } from '@carillon/domain/ports';
import { Problem } from '@carillon/platform';
import { Injectable } from '@nestjs/common';
import { Doorbells } from './doorbells.js';
import type { MessageRef } from './ledger.js';

/** Logs that are marked at once. */
const callsMax = 16;
const seenMax = 1_000;

@Injectable()
export class Recall {
  constructor(
    private readonly log: MessageLog,
    private readonly marks: Marks,
    private readonly schedule: Schedule,
    private readonly receipts: Receipts,
    private readonly doorbells: Doorbells,
    private readonly clock: Clock,
  ) {}

  /** Durable when it resolves; idempotent. @throws Problem not_found, or too_late while it is being fired */
  async recall({ tenant, id }: MessageRef): Promise<RecallReply> {
    if (!messageIdPattern.test(id)) throw unknown();
    const [scheduled] = await this.schedule.find([id]);
    if (scheduled && scheduled.tenant !== tenant) throw unknown();
    if (scheduled && scheduled.state !== 'fired' && (await this.isCancelled(id))) {
      return { id, recalled: false, cancelled: true, alreadySeenBy: [] };
    }
    const entries = await this.log.ofMessage(id);
    const [first] = entries;
    if (!first || tenantOf(first.log) !== tenant) throw unknown();
    await this.markAll(entries);
    return { id, recalled: true, cancelled: false, alreadySeenBy: await this.seenBy(entries) };
  }

  private async isCancelled(id: string): Promise<boolean> {
    if ((await this.schedule.cancel(id, this.clock.now())) === 'cancelled') return true;
    const [now] = await this.schedule.find([id]);
    if (now?.state === 'fired') return false;
    throw new Problem('too_late', 'The message is being sent at this moment: recall it in a few seconds.');
  }

  private async markAll(entries: readonly Entry[]): Promise<void> {
    for (let at = 0; at < entries.length; at += callsMax) {
      const some = entries.slice(at, at + callsMax);
      await Promise.all(some.map(({ log, seq }) => this.marks.mark(log, [seq], 'recalled')));
      this.doorbells.ringMarks(some.map((entry) => ({ ...placeOf(entry), mark: 'recalled' })));
    }
  }

  /** Followers of a topic are not looked for: there may be a million of them. */
  private async seenBy(entries: readonly Entry[]): Promise<RecallReply['alreadySeenBy']> {
    const places = entries.flatMap(({ log, seq }) => {
      const user = logUser(log);
      return user ? [{ log, seq, user }] : [];
    });
    const found = await this.receipts.ofEntries(places);
    const seen = places.flatMap(({ user, seq }, at) => seenOn(user, seq, found[at] ?? []));
    return seen.slice(0, seenMax);
  }
}

function seenOn(user: UserKey, seq: number, receipts: readonly Receipt[]) {
  const sent = receipts.filter((each) => each.sent.some(({ from, to }) => from <= seq && seq <= to));
  const devices = new Set(sent.map(({ device }) => device));
  return [...devices].map((device) => ({
    user: userName(user),
    ...(device === undefined ? {} : { device: deviceName(device) }),
  }));
}

function placeOf({ log, seq, acceptedAt, expiresAt }: Entry) {
  return { log, seq, acceptedAt, expiresAt };
}

function unknown(): Problem {
  return new Problem('not_found', 'There is no message with this id.');
}
