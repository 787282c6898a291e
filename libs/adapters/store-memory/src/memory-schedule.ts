/** Messages for later, in memory. Each step is taken only from the state that it asks for. */
import { parameters } from '@carillon/domain';
import { type Claim, Schedule, type ScheduledMessage } from '@carillon/domain/ports';
import type { MemoryAccess, Scheduled } from './memory-data.js';

/** Schedule over a map. */
export class MemorySchedule extends Schedule {
  constructor(private readonly access: MemoryAccess) {
    super();
  }

  override async add(message: Omit<ScheduledMessage, 'state'>): Promise<ScheduledMessage> {
    const { scheduled } = this.access.data;
    const stored = scheduled.get(message.id) ?? { message: { ...message, state: 'waiting' } };
    scheduled.set(message.id, stored);
    return stored.message;
  }

  override async find(ids: readonly string[]): Promise<readonly ScheduledMessage[]> {
    const { scheduled } = this.access.data;
    return [...new Set(ids)].flatMap((id) => scheduled.get(id)?.message ?? []);
  }

  override async claimDue(now: number, claim: Claim, limit: number): Promise<readonly ScheduledMessage[]> {
    this.forgetEnded(now);
    return [...this.access.data.scheduled.values()]
      .filter((each) => isOpen(each, now) && each.message.dueAt <= now)
      .sort((a, b) => a.message.dueAt - b.message.dueAt)
      .slice(0, limit)
      .map(({ message }) => this.put({ message: { ...message, state: 'claimed' }, claim }));
  }

  override async fired(ids: readonly string[], by: string, now: number): Promise<void> {
    for (const id of ids) {
      const stored = this.access.data.scheduled.get(id);
      if (stored?.message.state !== 'claimed' || stored.claim?.by !== by) continue;
      this.put({ message: { ...stored.message, state: 'fired' }, endedAt: now });
    }
  }

  override async cancel(id: string, now: number): Promise<'cancelled' | 'too-late' | 'unknown'> {
    const message = this.access.data.scheduled.get(id)?.message;
    if (!message) return 'unknown';
    if (message.state === 'cancelled') return 'cancelled';
    if (message.state !== 'waiting') return 'too-late';
    this.put({ message: { ...message, state: 'cancelled' }, endedAt: now });
    return 'cancelled';
  }

  private put(scheduled: Scheduled): ScheduledMessage {
    this.access.data.scheduled.set(scheduled.message.id, scheduled);
    return scheduled.message;
  }

  private forgetEnded(now: number): void {
    const { scheduled } = this.access.data;
    for (const [id, { endedAt = now }] of scheduled) {
      if (endedAt < now - parameters.scheduleKeptMs) scheduled.delete(id);
    }
  }
}

function isOpen({ message: { state }, claim }: Scheduled, now: number): boolean {
  return state === 'waiting' || (state === 'claimed' && (claim?.until ?? now) <= now);
}
