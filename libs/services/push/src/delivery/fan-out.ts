/**
 * Brings doorbells to the pumps of their log. Everybody who is ready gets the same buffer, in slices of
 * sockets per turn; who lags takes it from the ring or the store, at its own pace. Never waits for a socket,
 * and never decides what a session may be sent: pumps do.
 */
import { type DoorbellView, isUserLog, type LogKey } from '@carillon/domain';
import { Clock } from '@carillon/domain/ports';
import { Injectable } from '@nestjs/common';
import { PushOptions } from '../push-options.js';
import { momentOf } from '../session/moment.js';
import type { Pump } from '../session/pump.js';
import { Registry } from '../session/registry.js';
import { Rings } from '../session/ring.js';
import type { SkipMark } from '../session/volley.js';
import { framed } from '../socket/framed.js';
import { Nonces } from './nonces.js';
import { Tidings } from './tidings.js';
import { Walks } from './walks.js';

/** Beyond so many walks that wait, a volatile message is let go: it was for now. */
const walksMax = 1_000;

@Injectable()
export class FanOut {
  /** Per log with many followers: what its next walk brings, and what the one under way does. */
  private readonly next = new Map<LogKey, Tidings>();
  private readonly underWay = new Map<LogKey, Tidings>();
  private readonly nonces: Nonces;

  constructor(
    private readonly registry: Registry,
    private readonly rings: Rings,
    private readonly walks: Walks,
    private readonly options: PushOptions,
    private readonly clock: Clock,
  ) {
    this.nonces = new Nonces(clock);
  }

  /** `bells`: of this log, in their order. @returns whether anybody here follows it. */
  ring(log: LogKey, bells: readonly DoorbellView[]): boolean {
    const followers = this.registry.followers(log);
    if (!followers) return false;
    let tidings: Tidings | undefined;
    for (const bell of bells) {
      if (bell.kind === 'entry') {
        tidings ??= this.tidingsFor(log);
        tidings.add(bell);
      } else if (bell.kind === 'volatile') this.pass(bell);
      else this.mark(bell, bell.kind, tidings);
    }
    if (tidings && isUserLog(log)) {
      const moment = momentOf(this.clock);
      for (const pump of followers) tidings.give(pump, moment);
    }
    return true;
  }

  /** Followers of the log learn that it goes this far. `onNews`: called once, if anybody did not know. */
  find(log: LogKey, head: number, onNews: () => void): void {
    let isNews = false;
    this.visit(log, (pump) => {
      const isNewHere = pump.find(head);
      if (isNewHere && !isNews) onNews();
      isNews ||= isNewHere;
    });
  }

  /**
   * Told at once where few follow, the instances of a user; else with what else comes in this turn, or during
   * the walk.
   */
  private tidingsFor(log: LogKey): Tidings {
    const open = this.next.get(log);
    if (open) return open;
    const tidings = new Tidings(log, this.rings, this.options.ringEntries);
    if (isUserLog(log)) return tidings;
    this.next.set(log, tidings);
    if (!this.underWay.has(log)) this.walk(log);
    return tidings;
  }

  private walk(log: LogKey): void {
    let tidings: Tidings | undefined;
    this.walks.start({
      begin: () => {
        tidings = this.next.get(log);
        this.next.delete(log);
        if (tidings) this.underWay.set(log, tidings);
        return this.registry.followers(log) ?? [];
      },
      visit: (pump, moment) => tidings?.give(pump, moment),
      end: () => {
        this.underWay.delete(log);
        if (this.next.has(log)) this.walk(log);
      },
    });
  }

  /** What is held of the entry goes; who has not been sent it skips it, or asks the store. */
  private mark({ log, seq }: DoorbellView, mark: SkipMark, tidings: Tidings | undefined): void {
    tidings?.part(seq);
    this.next.get(log)?.part(seq);
    this.underWay.get(log)?.part(seq);
    this.rings.mark(log, seq, mark);
    for (const pump of this.registry.followers(log) ?? []) pump.forget(seq);
  }

  private pass(bell: DoorbellView): void {
    if (bell.frame.length === 0 || this.walks.count > walksMax || !this.nonces.isNew(bell)) return;
    const frame = framed(bell.frame);
    this.visit(bell.log, (pump) => pump.tell(frame));
  }

  private visit(log: LogKey, visit: (pump: Pump) => void): void {
    if (isUserLog(log)) for (const pump of this.registry.followers(log) ?? []) visit(pump);
    else this.walks.start({ begin: () => this.registry.followers(log) ?? [], visit });
  }
}
