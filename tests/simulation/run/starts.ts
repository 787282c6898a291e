/**
 * Where sockets begin in topics and in `all`, and what a member may be sent: nothing of before the joining,
 * and nothing after the end, as soon as a node can know of it.
 */
import { type LogKey, logUser, wireLog } from '@carillon/domain';
import type { DeviceSpan } from './chronicle.js';
import { parameters } from './parameters.js';
import type { SocketState } from './sockets.js';
import { healMs } from './span.js';
import type { Truth } from './truth.js';

/** Times around a start in which a membership may be what a node has read of it. */
const readMs = 20_000;
/** Nodes may stand still so long after the healing; only then is everything told or found. */
const healthyMs = healMs + 8_000;
/** One anti-entropy interval, and some time to act. */
const graceMs = parameters.antiEntropyMs + 5_000;

interface Start {
  readonly log: LogKey;
  readonly from: number;
  readonly claimed: number | undefined;
}

export function checkStart(truth: Truth, state: SocketState, start: Start): void {
  const { log } = start;
  if (logUser(log)) return;
  const { user, device } = state.owner;
  const since = truth.world.time - readMs;
  const heads = truth.current.spellsOf(log, user, since).map(({ head }) => head);
  const known = truth.current.deviceAt(device, log);
  const name = state.owner.tab.facts.name;
  const isOpenToAll = wireLog(log) === 'all' || (state.asked.has(log) && isAllowed(log));
  if (isOpenToAll) checkHead(truth, start, { name, heads, known });
  else checkJoined(truth, start, { name, heads, known });
}

interface Known {
  readonly name: string;
  /** At joining, of the memberships that may be meant. */
  readonly heads: readonly number[];
  readonly known: DeviceSpan | undefined;
}

/** Without a position of the client or its device it begins at the head. */
function checkHead(truth: Truth, { log, from, claimed }: Start, { name, heads, known }: Known): void {
  const pastHead = truth.current.pastHeads.get(log) ?? 0;
  const least = Math.min(claimed ?? pastHead, known?.least ?? pastHead, ...heads, pastHead);
  if (from < least) truth.violate('start', `${name} begins ${log} at ${from}, in its past`);
}

/** Who may follow it as a member alone begins at the joining, or later where the device was already. */
function checkJoined(truth: Truth, { log, from, claimed }: Start, { name, heads, known }: Known): void {
  if (heads.length === 0) {
    truth.violate('I12', `${name} follows ${log} and is no member`);
    return;
  }
  if (from < Math.min(...heads)) truth.violate('I12', `${name} begins ${log} at ${from}, before it joined`);
  const most = Math.max(...heads, claimed ?? 0, known?.most ?? 0, truth.current.purged.get(log) ?? 0);
  if (from > most) truth.violate('I2', `${name} begins ${log} at ${from}, and joined at ${heads.join()}`);
}

/** A message of a topic goes to who may follow it: by token and asking, or as a member. */
export function checkMembership(
  truth: Truth,
  state: SocketState,
  { log, seq }: { log: LogKey; seq: number },
): void {
  if (logUser(log) || wireLog(log) === 'all' || (state.asked.has(log) && isAllowed(log))) return;
  const chronicle = truth.of(state.epoch) ?? truth.current;
  const { user, tab } = state.owner;
  const { time } = truth.world;
  // Who stopped asking is told so as soon as the node has read it, so only memberships have a grace.
  const since = time < healthyMs + graceMs ? 0 : time - graceMs;
  if (isAllowed(log) || chronicle.spellsOf(log, user, since).length > 0) return;
  truth.violate('I12', `${tab.facts.name} is sent ${log} ${seq} and is no member`);
}

/** As the token says. */
export function isAllowed(log: LogKey): boolean {
  return wireLog(log).startsWith('topic:news.');
}
