// What was promised, in a form that an hour's worth fits into: every accepted message has a number, and every
// named addressee of it a slot. Must never know what became of a promise.
import { Column } from './column.ts';
import type { Posted } from './poster.ts';

export class Ledger {
  /** Of all named addressees; numbers from 0. */
  slots = 0;
  private readonly numbers = new Map<string, number>();
  private readonly names = new Map<string, string>();
  private readonly addressees: (string | readonly string[])[] = [];
  private readonly firstSlots = new Column();
  private readonly postedAts = new Column();
  private readonly answeredAts = new Column();
  private readonly many = new Map<string, number[]>();
  private readonly manyLogs = new Map<number, string>();

  constructor(posted: Iterable<Posted>) {
    for (const one of posted) this.add(one);
  }

  /** Messages; each once, however often it was answered. */
  get size(): number {
    return this.addressees.length;
  }

  numberOf(id: string): number | undefined {
    return this.numbers.get(id);
  }

  postedAt(number: number): number {
    return this.postedAts.at(number);
  }

  answeredAt(number: number): number {
    return this.answeredAts.at(number);
  }

  /** Of this message for this user; undefined when it is not for them by name. */
  slotOf(number: number, user: string): number | undefined {
    const to = this.addressees[number];
    const place = typeof to === 'string' ? Number(to === user) - 1 : (to?.indexOf(user) ?? -1);
    return place < 0 ? undefined : this.firstSlots.at(number) + place;
  }

  /** The message's named addressees and the slot of the first; the others follow. */
  addresseesOf(number: number): { readonly users: readonly string[]; readonly firstSlot: number } {
    return { users: [this.addressees[number] ?? []].flat(), firstSlot: this.firstSlots.at(number) };
  }

  /** Logs of many that something was promised to: `all`, `topic:…`. */
  get logsOfMany(): Iterable<string> {
    return this.many.keys();
  }

  /** Messages to the log, in the order of their answers. */
  toLog(log: string): readonly number[] {
    return this.many.get(log) ?? [];
  }

  isTo(number: number, log: string): boolean {
    const to = this.addressees[number];
    return typeof to === 'object' && to.length === 0 && this.manyLogs.get(number) === log;
  }

  private add({ id, users, log, postedAt, answeredAt }: Posted): void {
    if (this.numbers.has(id)) return;
    const number = this.addressees.length;
    this.numbers.set(id, number);
    const names = users.map((user) => this.nameOf(user));
    this.addressees.push(names.length === 1 ? (names[0] as string) : names);
    this.firstSlots.push(this.slots);
    this.slots += names.length;
    this.postedAts.push(postedAt);
    this.answeredAts.push(answeredAt);
    if (log !== undefined) this.addToLog(log, number);
  }

  private addToLog(log: string, number: number): void {
    this.manyLogs.set(number, log);
    const known = this.many.get(log);
    if (known) known.push(number);
    else this.many.set(log, [number]);
  }

  /** The same text is kept once. */
  private nameOf(name: string): string {
    const known = this.names.get(name);
    if (known !== undefined) return known;
    this.names.set(name, name);
    return name;
  }
}
