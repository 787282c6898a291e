/**
 * Where a session starts in a log, and whether continuity with the client's own position is proven. Proven by
 * the read, never assumed: only if the first entry after the position is the next one.
 */
import { type DeviceKey, isUserLog, type LogKey } from '@carillon/domain';
import type { Hello } from '@carillon/wire';
import { Injectable } from '@nestjs/common';
import type { Page } from './page.js';
import { PageReader } from './page-reader.js';
import { StartReader } from './start-reader.js';

export interface StartPoint {
  /** Exclusive. */
  readonly from: number;
  readonly head: number;
  readonly resumed: boolean;
  /** The client knew more than the store: an ack that has still to be written. */
  readonly isAhead: boolean;
  /** What was read to prove it. */
  readonly page?: Page | undefined;
}

type ProvenStart = Omit<StartPoint, 'isAhead'>;

/** The client's claim: its cursor counts only if it is of this user and this epoch. */
export interface StartQuestion {
  readonly log: LogKey;
  readonly device: DeviceKey | undefined;
  /** Undefined: the client has no position. `'void'`: it has one of another user or epoch. */
  readonly cursor: number | undefined | 'void';
  /** The log's head when the user became a member: there it starts, unless a position is known. */
  readonly joinedHead?: number | undefined;
  /** Nothing but the membership allows the log: what came before it is not the user's. */
  readonly isMemberOnly?: boolean;
}

interface Position {
  readonly from: number;
  /** What the store has of the device. */
  readonly stored?: number | undefined;
  /** Nothing that the client or its device knew is contradicted by starting later. */
  readonly isServersChoice: boolean;
}

@Injectable()
export class StartPoints {
  constructor(
    private readonly store: StartReader,
    private readonly pages: PageReader,
  ) {}

  /** The session's route must be registered before this is asked (A5). @throws PortUnavailable */
  async find(question: StartQuestion): Promise<StartPoint> {
    const { log, device } = question;
    const head = this.store.headOf(log);
    const [position] = await Promise.all([this.position(question, head), head]);
    const start = await this.startOf(question, position, await head);
    const { stored } = position;
    // A device's first position is durable before the client hears of it; later moves may be lazy. The cursor
    // of a hello is an ack.
    if (device && stored === undefined) await this.store.begin({ device, log, seq: start.from });
    const isAhead = stored !== undefined && start.from > stored;
    return { ...start, isAhead, resumed: start.resumed && question.cursor !== 'void' };
  }

  private async position(question: StartQuestion, head: Promise<number>): Promise<Position> {
    const { log, device, cursor, joinedHead } = question;
    const stored = device && (await this.store.positionOf(device, log));
    if (typeof cursor === 'number') return { from: cursor, stored, isServersChoice: false };
    if (stored !== undefined) return { from: stored, stored, isServersChoice: false };
    const from = isUserLog(log) ? this.store.furthestOf(log) : (joinedHead ?? head);
    return { from: await from, isServersChoice: true };
  }

  /** Who was a member before and comes back as one has missed what came in between: it was not theirs. */
  private async startOf(
    { log, joinedHead = 0, isMemberOnly = false }: StartQuestion,
    position: Position,
    head: number,
  ): Promise<ProvenStart> {
    if (!isMemberOnly || position.from >= joinedHead) return this.prove(log, position, head);
    const start = await this.prove(log, { from: joinedHead, isServersChoice: true }, head);
    return { ...start, resumed: false };
  }

  private async prove(log: LogKey, position: Position, head: number): Promise<ProvenStart> {
    const { from, isServersChoice } = position;
    if (from > head) return { from: head, head, resumed: false };
    if (from === head) return { from, head, resumed: true };
    const page = await this.pages.read(log, from);
    const [first] = page.entries;
    if (!first) return { from, head, resumed: false };
    if (first.seq === from + 1) return { from, head, resumed: true, page };
    return { from: first.seq - 1, head, resumed: isServersChoice, page };
  }
}

/** What the hello claims for this log. */
export function claimedCursor(
  hello: Hello,
  wireName: string,
  truth: { user: string; epoch: string },
): number | undefined | 'void' {
  const cursor = hello.cursors[wireName];
  if (cursor === undefined) return undefined;
  const isOfUser = hello.user === undefined || hello.user === truth.user;
  const isOfEpoch = hello.epoch === undefined || hello.epoch === truth.epoch;
  return isOfUser && isOfEpoch ? cursor : 'void';
}
