/**
 * What the store is asked about single logs, devices and users. Thousands of clients come back in one second:
 * their questions go out together, never one call each where the port takes many.
 */
import { type DeviceKey, type LogKey, PooledCall, parameters, type UserKey } from '@carillon/domain';
import {
  Clock,
  type CursorMove,
  type CursorQuestion,
  Cursors,
  Members,
  type Membership,
  MessageLog,
} from '@carillon/domain/ports';
import { Injectable } from '@nestjs/common';

/** Answers about one user must not overtake each other, so there is one call at a time. */
const limits = { questionsMax: parameters.antiEntropyLogsPerQuery, callsMax: 1 };

/** Where one device was on one log. */
interface PositionQuestion {
  readonly device: DeviceKey;
  readonly log: LogKey;
}

const nothing: readonly Membership[] = [];

@Injectable()
export class StartReader {
  private readonly heads;
  private readonly furthest;
  private readonly positions;
  private readonly moves;
  private readonly memberships;

  constructor(messages: MessageLog, cursors: Cursors, members: Members, clock: Clock) {
    const bounds = { ...limits, clock };
    this.heads = new PooledCall<LogKey, number>((logs) => seqIn(messages.heads(logs)), bounds);
    this.furthest = new PooledCall<LogKey, number>((logs) => seqIn(cursors.furthest(logs)), bounds);
    this.positions = new PooledCall<PositionQuestion, number | undefined>(
      (questions) => positionsIn(cursors, questions),
      bounds,
    );
    this.moves = new PooledCall<CursorMove, void>(async (moves) => {
      await cursors.begin(moves);
      return () => {};
    }, bounds);
    this.memberships = new PooledCall<UserKey, readonly Membership[]>(async (users) => {
      const found = await members.ofUsers(users);
      return (user) => found.get(user) ?? nothing;
    }, bounds);
  }

  /** The newest durable seq, 0 if there is none. Never stale. @throws PortUnavailable */
  headOf(log: LogKey): Promise<number> {
    return this.heads.ask(log);
  }

  /** The furthest position of any device, 0 if there is none. @throws PortUnavailable */
  furthestOf(log: LogKey): Promise<number> {
    return this.furthest.ask(log);
  }

  /** Where the device was, if it was ever here. @throws PortUnavailable */
  positionOf(device: DeviceKey, log: LogKey): Promise<number | undefined> {
    return this.positions.ask({ device, log });
  }

  /** Raises a position, durable when it resolves. @throws PortUnavailable */
  begin(move: CursorMove): Promise<void> {
    return this.moves.ask(move);
  }

  /** What the user follows because a business system said so. Never stale. @throws PortUnavailable */
  membershipsOf(user: UserKey): Promise<readonly Membership[]> {
    return this.memberships.ask(user);
  }
}

async function seqIn(seqs: Promise<ReadonlyMap<LogKey, number>>): Promise<(log: LogKey) => number> {
  const found = await seqs;
  return (log) => found.get(log) ?? 0;
}

/** One question per device, with all its logs. */
async function positionsIn(
  cursors: Cursors,
  questions: readonly PositionQuestion[],
): Promise<(question: PositionQuestion) => number | undefined> {
  const logs = new Map<DeviceKey, LogKey[]>();
  for (const { device, log } of questions) logs.set(device, [...(logs.get(device) ?? []), log]);
  const asked: CursorQuestion[] = [...logs].map(([device, of]) => ({ device, logs: of }));
  const answers = await cursors.loadMany(asked);
  const found = new Map(asked.map(({ device }, at) => [device, answers[at]]));
  return ({ device, log }) => found.get(device)?.get(log);
}
