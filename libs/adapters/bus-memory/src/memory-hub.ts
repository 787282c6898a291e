/**
 * Where the connections of a memory bus meet.
 * Must never call a subscriber before the sender's step has ended.
 */
import type { BusMessage } from '@carillon/domain/ports';

export interface Subscriber {
  readonly group: string | undefined;
  readonly onMessage: (message: BusMessage) => void;
}

/** Subscribers by subject. What is on its way when a subscriber leaves is lost, as on any bus. */
export class MemoryHub {
  private readonly subjects = new Map<string, Set<Subscriber>>();
  private turn = 0;

  add(subject: string, subscriber: Subscriber): void {
    const subscribers = this.subjects.get(subject) ?? new Set();
    this.subjects.set(subject, subscribers.add(subscriber));
  }

  remove(subject: string, subscriber: Subscriber): void {
    const subscribers = this.subjects.get(subject);
    subscribers?.delete(subscriber);
    if (subscribers?.size === 0) this.subjects.delete(subject);
  }

  /**
   * Tells everybody outside groups and one of each group, in a later microtask. @returns how many are told.
   */
  deliver(subject: string, message: BusMessage): number {
    const chosen = this.choose(subject);
    for (const subscriber of chosen) {
      queueMicrotask(() => {
        if (this.subjects.get(subject)?.has(subscriber)) subscriber.onMessage(message);
      });
    }
    return chosen.length;
  }

  /** The members of a group take turns. */
  private choose(subject: string): Subscriber[] {
    const chosen: Subscriber[] = [];
    const groups = new Map<string, Subscriber[]>();
    for (const subscriber of this.subjects.get(subject) ?? []) {
      if (subscriber.group === undefined) chosen.push(subscriber);
      else groups.set(subscriber.group, [...(groups.get(subscriber.group) ?? []), subscriber]);
    }
    this.turn += 1;
    for (const members of groups.values()) chosen.push(members[this.turn % members.length]!);
    return chosen;
  }
}
