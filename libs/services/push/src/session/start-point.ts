/**
 * Where a session starts in a log, and whether continuity with the client's own position is proven. Proven by
 * the read, never assumed: only if the first entry after the position is the next one.
 */
import type { DeviceKey, LogKey } from '@carillon/domain';
import { type CursorMove, Cursors, MessageLog } from '@carillon/domain/ports';
import type { Hello } from '@carillon/wire';
import { Injectable } from '@nestjs/common';
import { type Page, PageReader } from './page-reader.js';

export interface StartPoint {
  /** Exclusive. */
  readonly from: number;
  readonly head: number;
  readonly resumed: boolean;
  /** What was read to prove it. */
  readonly page?: Page | undefined;
}

/** The client's claim: its cursor counts only if it is of this user and this epoch. */
export interface StartQuestion {
  readonly log: LogKey;
  readonly device: DeviceKey | undefined;
  /** Undefined: the client has no position. `'void'`: it has one of another user or epoch. */
  readonly cursor: number | undefined | 'void';
}

interface Position {
  readonly from: number;
  /** Nothing that the client or its device knew is contradicted by starting later. */
  readonly isServersChoice: boolean;
}

@Injectable()
export class StartPoints {
  constructor(
    private readonly messages: MessageLog,
    private readonly cursors: Cursors,
    private readonly pages: PageReader,
  ) {}

  /** The session's route must be registered before this is asked (A5). @throws PortUnavailable */
  async find(question: StartQuestion): Promise<StartPoint> {
    const [stored, heads] = await Promise.all([
      question.device ? this.cursors.load(question.device, [question.log]) : undefined,
      this.messages.heads([question.log]),
    ]);
    const head = heads.get(question.log) ?? 0;
    const own = stored?.get(question.log);
    const position = await this.position(question, own);
    const start = await this.prove(question.log, position, head);
    const point = question.cursor === 'void' ? { ...start, resumed: false } : start;
    if (question.device)
      await this.keep({ device: question.device, log: question.log, seq: point.from }, own);
    return point;
  }

  private async position(question: StartQuestion, own: number | undefined): Promise<Position> {
    if (typeof question.cursor === 'number') return { from: question.cursor, isServersChoice: false };
    if (own !== undefined) return { from: own, isServersChoice: false };
    const furthest = await this.cursors.furthest([question.log]);
    return { from: furthest.get(question.log) ?? 0, isServersChoice: true };
  }

  private async prove(log: LogKey, position: Position, head: number): Promise<StartPoint> {
    const { from, isServersChoice } = position;
    if (from > head) return { from: head, head, resumed: false };
    if (from === head) return { from, head, resumed: true };
    const page = await this.pages.read(log, from);
    const [first] = page.entries;
    if (!first) return { from, head, resumed: false };
    if (first.seq === from + 1) return { from, head, resumed: true, page };
    return { from: first.seq - 1, head, resumed: isServersChoice, page };
  }

  /** A device's first position is durable before the client hears of it; later moves may be lazy. */
  private async keep(move: CursorMove, own: number | undefined): Promise<void> {
    if (own === undefined) await this.cursors.begin([move]);
    else if (move.seq > own) await this.cursors.advance([move]);
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
