/** Cursors in memory. Must never lower one. */
import type { DeviceKey, LogKey } from '@carillon/domain';
import { type CursorMove, type CursorQuestion, Cursors } from '@carillon/domain/ports';
import type { MemoryAccess } from './memory-data.js';

/** Cursors over maps. */
export class MemoryCursors extends Cursors {
  constructor(private readonly access: MemoryAccess) {
    super();
  }

  override async load(device: DeviceKey, logs: readonly LogKey[]): Promise<ReadonlyMap<LogKey, number>> {
    const stored = this.access.data.cursors.get(device);
    const found = new Map<LogKey, number>();
    for (const log of logs) {
      const seq = stored?.get(log);
      if (seq !== undefined) found.set(log, seq);
    }
    return found;
  }

  override loadMany(questions: readonly CursorQuestion[]): Promise<readonly ReadonlyMap<LogKey, number>[]> {
    return Promise.all(questions.map(({ device, logs }) => this.load(device, logs)));
  }

  override async furthest(logs: readonly LogKey[]): Promise<ReadonlyMap<LogKey, number>> {
    const { cursors, followers } = this.access.data;
    const found = new Map<LogKey, number>();
    for (const log of logs) {
      let furthest = 0;
      for (const device of followers.get(log) ?? []) {
        furthest = Math.max(furthest, cursors.get(device)?.get(log) ?? 0);
      }
      found.set(log, furthest);
    }
    return found;
  }

  override async begin(moves: readonly CursorMove[]): Promise<void> {
    const { cursors, followers } = this.access.data;
    for (const { device, log, seq } of moves) {
      const stored = cursors.get(device) ?? new Map<LogKey, number>();
      cursors.set(device, stored.set(log, Math.max(seq, stored.get(log) ?? 0)));
      followers.set(log, (followers.get(log) ?? new Set()).add(device));
    }
  }

  override async advance(moves: readonly CursorMove[]): Promise<void> {
    await this.begin(moves);
  }
}
