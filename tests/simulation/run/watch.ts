/**
 * Sees everything that leaves or enters a part of the system and holds it against the invariants I1 to I17 of
 * docs/reference/delivery.md while the run goes on. Must never change what it sees.
 */
import type { Gap, Message, Move } from '@carillon/client';
import { type Entry, type LogKey, messageIdOf, userKey, userLog } from '@carillon/domain';
import type { Operation } from '../store/view.js';
import { tenant } from '../world/services.js';
import type { Tab } from '../world/tab.js';
import type { Wire, WireWatch } from '../world/wire.js';
import type { World } from '../world/world.js';
import type { Post } from './posts.js';

/** Writing to a socket after expiry is tolerated for so long (I15). */
const expiryToleranceMs = 5_000;

/** What is known of one tab. `position`: all up to here was handled or legally skipped. */
export interface TabState {
  readonly tab: Tab;
  position: number | undefined;
  settled: number;
  wire: Wire | undefined;
  welcomedAt: number | undefined;
  isOpen: boolean;
}

interface WireState {
  readonly log: LogKey;
  /** The cursor of its hello. */
  claimed: number | undefined;
  sent: number | undefined;
  acked: number;
  isOpen: boolean;
}

interface Frame {
  readonly type: string;
  readonly seq?: number;
  readonly id?: string;
  readonly from?: number;
  readonly to?: number;
  readonly reason?: string;
  readonly expiresAt?: number;
  readonly cursors?: { readonly user?: number };
  readonly data?: { readonly n: number };
  readonly logs?: {
    readonly user: { readonly from: number; readonly head: number; readonly resumed: boolean };
  };
}

export class Watch implements WireWatch {
  readonly posts = new Map<number, Post>();
  readonly tabs = new Map<string, TabState>();
  /** Everything that was ever committed, by log and seq. */
  readonly entries = new Map<LogKey, Map<number, Entry>>();
  readonly #placed = new Set<string>();
  readonly #purged = new Map<LogKey, number>();
  /** The furthest position that any device of the user has settled. */
  readonly #furthest = new Map<LogKey, number>();
  readonly #wires = new Map<Wire, WireState>();
  frames = 0;

  constructor(
    readonly world: World,
    private readonly windowMax: number,
  ) {}

  addTab(tab: Tab, saved: number | undefined): void {
    const state = {
      tab,
      position: saved,
      settled: saved ?? 0,
      wire: undefined,
      welcomedAt: undefined,
      isOpen: true,
    };
    this.tabs.set(tab.facts.name, state);
    this.world.history.note('tab', tab.facts.name, 'from', saved);
  }

  /** Was there before the run began. */
  preload(row: Entry): void {
    const rows = this.entries.get(row.log) ?? new Map<number, Entry>();
    this.entries.set(row.log, rows.set(row.seq, row));
  }

  tabsOf(user: string): TabState[] {
    return [...this.tabs.values()].filter(({ tab, isOpen }) => isOpen && tab.facts.user === user);
  }

  /** How far this tab's socket was sent its log. */
  sentTo({ wire }: TabState): number {
    const state = wire && this.#wires.get(wire);
    return Math.max(state?.sent ?? 0, state?.acked ?? 0);
  }

  get wires(): Iterable<Wire> {
    return this.#wires.keys();
  }

  onCommit(operation: Operation): void {
    if (operation.kind === 'insert') this.#inserted(operation.row);
    if (operation.kind === 'remove') this.#removed(operation.id);
    if (operation.kind === 'cursor') this.#note(operation.log, operation.seq);
  }

  onServerSend(wire: Wire, text: string, decidedAt: number): void {
    this.frames += 1;
    const frame = JSON.parse(text) as Frame;
    const name = wire.page.process.name;
    if (frame.type === 'ping') return;
    const facts = frame.type === 'welcome' ? JSON.stringify(frame.logs) : `${frame.seq ?? frame.from ?? ''}`;
    this.world.history.note('send', wire.node.name, name, frame.type, facts, frame.reason);
    if (frame.type === 'welcome') this.#welcomed(wire, frame);
    if (frame.type === 'message') this.#sent(wire, frame, decidedAt);
    if (frame.type === 'skip') this.#skipped(wire, frame);
  }

  onServerRead(wire: Wire, text: string): void {
    const frame = JSON.parse(text) as Frame;
    const state = this.#stateOf(wire);
    if (frame.type === 'hello') state.claimed = frame.cursors?.user;
    if (frame.type !== 'ack') return;
    const seq = frame.seq as number;
    this.world.history.note('ack', wire.node.name, wire.page.process.name, seq);
    state.acked = Math.max(state.acked, seq);
    this.#note(state.log, seq);
  }

  onMove(tab: Tab, { seq, isReset }: Move): void {
    const state = this.#tab(tab);
    this.world.history.note('move', tab.facts.name, seq, isReset ? 'reset' : '');
    if (state.position === undefined || isReset) {
      if (state.position === undefined) this.#started(state, seq);
      state.position = seq;
    }
    if (seq < state.settled && !isReset) this.#violate('I14', `${tab.facts.name} went back to ${seq}`);
    state.settled = seq;
  }

  onGap(tab: Tab, { cursor, from }: Gap): void {
    const log = logOf(tab.facts.user);
    this.world.history.note('gap', tab.facts.name, cursor, from);
    if (from <= cursor) this.#violate('I14', `${tab.facts.name} is sent back from ${cursor} to ${from}`);
    if ((this.#purged.get(log) ?? 0) <= cursor)
      this.#violate('I16', `${tab.facts.name} is told of a gap at ${cursor} that purge has not made`);
    this.explain({ log, after: cursor, to: from, who: tab.facts.name });
  }

  onHandled(tab: Tab, message: Message): void {
    const state = this.#tab(tab);
    const { seq = 0, id } = message;
    const { name, user } = tab.facts;
    const log = logOf(user);
    this.world.history.note('handle', name, seq, id);
    if (seq <= (state.position ?? 0)) this.#violate('I9', `${name} handles ${seq} after ${state.position}`);
    this.explain({ log, after: state.position ?? 0, to: seq - 1, who: name });
    state.position = seq;
    this.#checkPlace(log, { seq, id, n: (message.data as { n: number } | undefined)?.n });
  }

  onSettled(tab: Tab, { seq }: Message): void {
    this.world.history.note('settle', tab.facts.name, seq);
  }

  violate(rule: string, text: string): void {
    this.#violate(rule, text);
  }

  #inserted(row: Entry): void {
    const { log, seq, id } = row;
    this.world.history.note('commit', log, seq, id);
    const rows = this.entries.get(log) ?? new Map<number, Entry>();
    this.entries.set(log, rows);
    if (rows.has(seq)) this.#violate('I4', `${log} ${seq} is ${rows.get(seq)?.id} and then ${id}`);
    if (seq > 1 && !rows.has(seq - 1)) this.#violate('I4', `${log} ${seq} is committed before ${seq - 1}`);
    rows.set(seq, row);
    const n = numberOf(row);
    const post = n === undefined ? undefined : this.posts.get(n);
    if (!post?.users.some((user) => logOf(user) === log)) this.#violate('I5', `${log} ${seq} was not posted`);
    const place = `${log} ${n}`;
    if (this.#placed.has(place)) this.#violate('I10', `${n} is in ${log} twice`);
    this.#placed.add(place);
  }

  #removed(id: string): void {
    for (const [log, rows] of this.entries) {
      for (const [seq, row] of rows) {
        // A late repetition of the command finds nothing.
        if (row.id !== id || seq <= (this.#purged.get(log) ?? 0)) continue;
        this.world.history.note('purge', log, seq);
        if (row.expiresAt > this.#now) this.#violate('I1', `${log} ${seq} was purged before its time`);
        if ((this.#purged.get(log) ?? 0) !== seq - 1)
          this.#violate('A3', `purge took ${log} ${seq}, not the oldest`);
        this.#purged.set(log, seq);
      }
    }
  }

  #started(state: TabState, seq: number): void {
    const { user, name } = state.tab.facts;
    const furthest = this.#furthest.get(logOf(user)) ?? 0;
    if (seq > furthest) this.explain({ log: logOf(user), after: furthest, to: seq, who: name });
  }

  #welcomed(wire: Wire, { logs }: Frame): void {
    const state = this.#stateOf(wire);
    state.isOpen = true;
    state.sent = logs?.user.from ?? 0;
    state.acked = state.sent;
    if (logs?.user.resumed && state.claimed !== undefined && state.claimed !== state.sent)
      this.#violate('I16', `${wire.page.process.name} is resumed at ${state.sent}, not at ${state.claimed}`);
    const tab = this.tabs.get(wire.page.process.name);
    // A node that stood still welcomes pages that have gone.
    if (!tab || wire.goneAt !== undefined) return;
    tab.wire = wire;
    tab.welcomedAt = this.world.time;
  }

  #sent(wire: Wire, frame: Frame, decidedAt: number): void {
    const state = this.#stateOf(wire);
    const seq = frame.seq as number;
    this.#inTurn(wire, state, { from: seq, to: seq });
    if ((frame.expiresAt ?? Number.POSITIVE_INFINITY) + expiryToleranceMs < this.world.startMs + decidedAt)
      this.#violate('I15', `${seq} is sent to ${wire.page.process.name} after it expired`);
    this.#checkPlace(state.log, { seq, id: frame.id, n: frame.data?.n });
  }

  #skipped(wire: Wire, frame: Frame): void {
    const state = this.#stateOf(wire);
    const [from, to] = [frame.from as number, frame.to as number];
    this.#inTurn(wire, state, { from, to });
    this.explain({ log: state.log, after: from - 1, to, who: `a skip for ${wire.page.process.name}` });
  }

  #inTurn(wire: Wire, state: WireState, { from, to }: { from: number; to: number }): void {
    const name = wire.page.process.name;
    if (state.sent === undefined) this.#violate('I8', `${from} is sent to ${name} before its welcome`);
    const before = Math.max(state.sent ?? 0, state.acked);
    if (from !== before + 1) this.#violate('I8', `${from} is sent to ${name} after ${before}`);
    state.sent = to;
    if (to - state.acked > this.windowMax)
      this.#violate('I9', `${to - state.acked} are on their way to ${name}, the window is ${this.windowMax}`);
  }

  #checkPlace(
    log: LogKey,
    { seq, id, n }: { seq: number; id: string | undefined; n: number | undefined },
  ): void {
    const entry = this.entries.get(log)?.get(seq);
    if (!entry) this.#violate('I4', `${log} ${seq} (${id}) is shown and was never committed`);
    else if (messageIdOf(entry.id) !== id)
      this.#violate('I4', `${log} ${seq} is ${entry.id} and shown as ${id}`);
    else if (numberOf(entry) !== n) this.#violate('I5', `${log} ${seq} is shown with another content`);
  }

  /** Everything after `after` up to `to` must have a reason not to be shown. */
  explain(range: { log: LogKey; after: number; to: number; who: string }): void {
    const { log, after, to, who } = range;
    for (let seq = after + 1; seq <= to; seq += 1) {
      const entry = this.entries.get(log)?.get(seq);
      const isOver = entry && entry.expiresAt <= this.#now;
      if (!isOver) this.#violate('I2', `${who}: ${log} ${seq} (${entry?.id}) is passed over`);
    }
  }

  #note(log: LogKey, seq: number): void {
    this.#furthest.set(log, Math.max(seq, this.#furthest.get(log) ?? 0));
  }

  #stateOf(wire: Wire): WireState {
    const known = this.#wires.get(wire);
    if (known) return known;
    const user = this.tabs.get(wire.page.process.name)?.tab.facts.user ?? '';
    const state = { log: logOf(user), claimed: undefined, sent: undefined, acked: 0, isOpen: false };
    this.#wires.set(wire, state);
    return state;
  }

  #tab(tab: Tab): TabState {
    return this.tabs.get(tab.facts.name) as TabState;
  }

  get #now(): number {
    return this.world.startMs + this.world.time;
  }

  #violate(rule: string, text: string): void {
    this.world.history.violate(rule, text);
  }
}

export function logOf(user: string): LogKey {
  return userLog(userKey(tenant, user));
}

/** What the producer numbered it. */
export function numberOf({ data }: Entry): number | undefined {
  return data === undefined ? undefined : Number(data.slice(data.indexOf(':') + 1, -1));
}
