/**
 * What the store is asked about single logs and devices. Thousands of clients come back in one second: their
 * questions go out together, never one call each where the port takes many.
 */
import { type DeviceKey, type LogKey, parameters } from '@carillon/domain';
import { type CursorMove, Cursors, MessageLog } from '@carillon/domain/ports';
import { Injectable } from '@nestjs/common';
import { PooledCall } from '../delivery/pooled-call.js';

const bounds = { questionsMax: parameters.antiEntropyLogsPerQuery, callsMax: 2 };

@Injectable()
export class StartReader {
  private readonly heads;
  private readonly furthest;
  private readonly moves;

  constructor(
    messages: MessageLog,
    private readonly cursors: Cursors,
  ) {
    this.heads = new PooledCall<LogKey, number>((logs) => seqIn(messages.heads(logs)), bounds);
    this.furthest = new PooledCall<LogKey, number>((logs) => seqIn(cursors.furthest(logs)), bounds);
    this.moves = new PooledCall<CursorMove, void>(async (moves) => {
      await cursors.begin(moves);
      return () => {};
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
  async positionOf(device: DeviceKey, log: LogKey): Promise<number | undefined> {
    return (await this.cursors.load(device, [log])).get(log);
  }

  /** Raises a position, durable when it resolves. @throws PortUnavailable */
  begin(move: CursorMove): Promise<void> {
    return this.moves.ask(move);
  }
}

async function seqIn(seqs: Promise<ReadonlyMap<LogKey, number>>): Promise<(log: LogKey) => number> {
  const found = await seqs;
  return (log) => found.get(log) ?? 0;
}
