/**
 * The running SDKs, and the rules for what each of them is given: in order, once, without a silent gap, and
 * nothing of another epoch.
 */
import type { Gap, Message, Move } from '@carillon/client';
import {
  type DeviceKey,
  deviceKey,
  type LogKey,
  logFromWire,
  messageIdOf,
  type UserKey,
  userKey,
} from '@carillon/domain';
import { tenant } from '../world/services.js';
import type { Tab } from '../world/tab.js';
import type { Wire } from '../world/wire.js';
import type { Chronicle } from './chronicle.js';
import { explain } from './excuses.js';
import { checkPlace, type Shown } from './places.js';
import type { Truth } from './truth.js';

/** What an instance had taken before it was set to another place, and may still handle. */
interface Queued {
  readonly epoch: string;
  readonly after: number;
}

/** Where one instance is in one log. `position`: all up to here was handled or legally skipped. */
export interface LogState {
  position: number | undefined;
  settled: number;
  epoch: string;
  /** What it was before the last reset. */
  epochBefore: string | undefined;
  /** A welcome did not name it: it begins anew. */
  isForgotten: boolean;
  queued?: Queued | undefined;
}

/** What is known of one tab. */
export interface TabState {
  readonly tab: Tab;
  readonly user: UserKey;
  readonly device: DeviceKey;
  readonly logs: Map<LogKey, LogState>;
  wire: Wire | undefined;
  welcomedAt: number | undefined;
  isOpen: boolean;
}

/** Positions that a page finds in its storage. */
export interface Saved {
  readonly epoch: string;
  readonly cursors: Readonly<Record<string, number>>;
}

export class Instances {
  readonly tabs = new Map<string, TabState>();

  constructor(private readonly truth: Truth) {}

  add(tab: Tab, saved: Saved | undefined): void {
    const user = userKey(tenant, tab.facts.user);
    const logs = new Map<LogKey, LogState>();
    for (const [name, seq] of Object.entries(saved?.cursors ?? {})) {
      const [epoch, log] = [saved?.epoch ?? '', logOfFrame(user, name)];
      logs.set(log, { position: seq, settled: seq, epoch, epochBefore: undefined, isForgotten: false });
    }
    const facts = { wire: undefined, welcomedAt: undefined, isOpen: true };
    const device = deviceKey(user, tab.deviceId);
    this.tabs.set(tab.facts.name, { tab, user, device, logs, ...facts });
    this.truth.world.history.note('tab', tab.facts.name, 'from', JSON.stringify(saved?.cursors));
  }

  of(tab: Tab): TabState {
    return this.tabs.get(tab.facts.name) as TabState;
  }

  onMove(tab: Tab, { log: name, seq, isReset, epoch }: Move): void {
    const state = this.of(tab);
    const log = logOfFrame(state.user, name);
    const known = state.logs.get(log);
    this.truth.world.history.note('move', tab.facts.name, name, seq, isReset ? 'reset' : '');
    if (known?.position !== undefined && !isReset && !known.isForgotten) {
      if (seq < known.settled) this.truth.violate('I14', `${tab.facts.name} went back to ${seq} in ${log}`);
      known.settled = seq;
      return;
    }
    if (known === undefined) this.#started(state, log, seq);
    state.logs.set(log, anew(known, seq, epoch));
  }

  onGap(tab: Tab, { log: name, cursor, from }: Gap): void {
    const { truth } = this;
    const { user, logs } = this.of(tab);
    const log = logOfFrame(user, name);
    const state = logs.get(log);
    truth.world.history.note('gap', tab.facts.name, name, cursor, from);
    // Of another epoch nothing is known, and nothing needs to join on.
    if (!state || state.epochBefore !== state.epoch) return;
    const chronicle = truth.of(state.epoch) as Chronicle;
    if (chronicle.spellsOf(log, user, 0).some(({ head }) => head === from)) return;
    if (from <= cursor)
      truth.violate('I14', `${tab.facts.name} is sent back from ${cursor} to ${from} in ${log}`);
    if ((chronicle.purged.get(log) ?? 0) <= cursor)
      truth.violate(
        'I16',
        `${tab.facts.name} is told of a gap in ${log} at ${cursor} that purge has not made`,
      );
    explain(truth, chronicle, { log, after: cursor, to: from, who: tab.facts.name });
  }

  onHandled(tab: Tab, message: Message): void {
    const { seq, id } = message;
    const state = this.of(tab);
    const log = logOfFrame(state.user, message.log);
    const { name } = tab.facts;
    const n = (message.data as { n: number } | undefined)?.n;
    this.truth.world.history.note('handle', name, message.log, seq, id);
    if (seq === undefined) return;
    const known = state.logs.get(log);
    if (known?.position === undefined || !this.truth.of(known.epoch)) {
      this.truth.violate('I8', `${name} handles ${log} ${seq} before it knows where it stands`);
      return;
    }
    const { after, epoch } = this.#advance(known, { log, seq, id });
    if (seq <= after)
      this.truth.violate(seq === after ? 'I9' : 'I7', `${name} handles ${log} ${seq} after ${after}`);
    const chronicle = this.truth.of(epoch) as Chronicle;
    explain(this.truth, chronicle, { log, after, to: seq - 1, who: name });
    checkPlace(this.truth, chronicle, { log, seq, id, n });
  }

  /** @returns what was handled, or passed over legally, before this one, and the epoch that it is of */
  #advance(known: LogState, { log, seq, id }: Omit<Shown, 'n'>): Queued {
    const { queued, epoch, position = 0 } = known;
    const isOf = (which: string) => messageIdOf(this.truth.of(which)?.at(log, seq)?.id ?? '') === id;
    if (queued && seq > queued.after && seq <= position && isOf(queued.epoch)) {
      known.queued = { ...queued, after: seq };
      return queued;
    }
    known.queued = undefined;
    known.position = seq;
    return { epoch, after: position };
  }

  /** The logs that a welcome does not name are forgotten by the SDK, those that the page wants apart. */
  onWelcome(state: TabState, logs: ReadonlySet<LogKey>): void {
    for (const [log, known] of state.logs) if (!logs.has(log)) known.isForgotten = true;
  }

  /** A log that nobody of the user has settled so far does not begin in its middle. */
  #started(state: TabState, log: LogKey, seq: number): void {
    if (log !== logOfFrame(state.user, 'user')) return;
    const { current } = this.truth;
    const furthest = current.furthest.get(log) ?? 0;
    const who = state.tab.facts.name;
    if (seq > furthest) explain(this.truth, current, { log, after: furthest, to: seq, who });
  }
}

/** It begins at another place; what it has taken before that may still come. */
function anew(known: LogState | undefined, seq: number, epoch: string): LogState {
  const state = { position: seq, settled: seq, epoch, epochBefore: known?.epoch, isForgotten: false };
  if (known?.position === undefined) return state;
  return { ...state, queued: { epoch: known.epoch, after: known.position } };
}

/** The log that a frame to this user means. */
export function logOfFrame(user: UserKey, name: string): LogKey {
  return logFromWire(user, name) as LogKey;
}
