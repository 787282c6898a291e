/**
 * The sockets, and the rules for what each of them is sent: in turn, within the window, only of logs that its
 * user may follow, and nothing that is over.
 */
import { type LogKey, logUser } from '@carillon/domain';
import type { Wire } from '../world/wire.js';
import type { Chronicle } from './chronicle.js';
import { checkReason, explain } from './excuses.js';
import { type Frame, type LogStart, toldOf } from './frames.js';
import { type Instances, logOfFrame, type TabState } from './instances.js';
import { clockToleranceMs, parameters } from './parameters.js';
import { checkPlace, type Shown } from './places.js';
import { checkMembership, checkStart } from './starts.js';
import type { Truth } from './truth.js';

/** Writing to a socket after expiry is tolerated for so long (I15). */
const expiryToleranceMs = 5_000;
/** A mark that is known is kept to after so long: what a node has in hand is not older. */
const markedMs = parameters.ringFreshMs + 1_500;
/** A volatile message is for now. */
const volatileMs = 11_000;

/** One log on one socket. */
export interface LineState {
  sent: number;
  acked: number;
  /** Where it began. */
  readonly from: number;
  readonly openedAt: number;
}

export interface SocketState {
  readonly owner: TabState;
  /** The logs that it follows. */
  readonly lines: Map<LogKey, LineState>;
  /** The cursors that the client named. */
  readonly claims: Map<LogKey, number>;
  /** Topics that the client has asked for, be it for a while. */
  readonly asked: Set<LogKey>;
  /** What it was passed that is in no log. */
  readonly volatile: Set<number>;
  epoch: string | undefined;
  /** Its claims are of another epoch. */
  isVoid: boolean;
}

export class Sockets {
  readonly #wires = new Map<Wire, SocketState>();
  frames = 0;

  constructor(
    private readonly truth: Truth,
    private readonly instances: Instances,
  ) {}

  get wires(): Iterable<Wire> {
    return this.#wires.keys();
  }

  of(wire: Wire): SocketState | undefined {
    const known = this.#wires.get(wire);
    if (known) return known;
    const owner = this.instances.tabs.get(wire.page.process.name);
    if (!owner) return undefined;
    const made: SocketState = {
      ...{ owner, lines: new Map(), claims: new Map(), asked: new Set(), volatile: new Set() },
      ...{ epoch: undefined, isVoid: false },
    };
    this.#wires.set(wire, made);
    return made;
  }

  onServerSend(wire: Wire, text: string, decidedAt: number): void {
    this.frames += 1;
    const frame = JSON.parse(text) as Frame;
    const state = this.of(wire);
    if (frame.type === 'ping' || !state) return;
    const { name } = state.owner.tab.facts;
    this.truth.world.history.note('send', wire.node.name, name, frame.type, toldOf(frame), frame.reason);
    switch (frame.type) {
      case 'welcome':
        this.#welcomed(wire, state, frame);
        break;
      case 'subscribed':
        this.#opened(state, frame as unknown as LogStart & { readonly log: string });
        break;
      case 'unsubscribed':
        this.#ended(wire, state, logOfFrame(state.owner.user, frame.log as string));
        break;
      case 'message':
        this.#sent(wire, state, { frame, decidedAt });
        break;
      case 'skip':
        this.#skipped(wire, state, frame);
        break;
      case 'volatile':
        this.#passed(state, { frame, decidedAt });
    }
  }

  onServerRead(wire: Wire, text: string): void {
    const frame = JSON.parse(text) as Frame;
    const state = this.of(wire);
    if (!state) return;
    const { user } = state.owner;
    if (frame.type === 'hello') this.#heard(state, frame);
    if (frame.type === 'subscribe' || frame.type === 'unsubscribe') {
      const log = logOfFrame(user, `topic:${frame.topic}`);
      this.truth.world.history.note(frame.type, state.owner.tab.facts.name, log, frame.cursor);
      if (frame.type === 'subscribe') this.#ask(state, log, frame.cursor);
    }
    if (frame.type !== 'ack') return;
    const log = logOfFrame(user, frame.log as string);
    const line = state.lines.get(log);
    const seq = frame.seq as number;
    this.truth.world.history.note('ack', wire.node.name, state.owner.tab.facts.name, frame.log, seq);
    if (!line) return;
    line.acked = Math.max(line.acked, seq);
    this.#settled(state, log, seq);
  }

  #heard(state: SocketState, { cursors = {}, topics = [], epoch }: Frame): void {
    const { user } = state.owner;
    state.isVoid = epoch !== undefined && epoch !== this.truth.current.epoch;
    for (const [name, seq] of Object.entries(cursors)) state.claims.set(logOfFrame(user, name), seq);
    for (const topic of topics) state.asked.add(logOfFrame(user, `topic:${topic}`));
  }

  #ask(state: SocketState, log: LogKey, cursor: number | undefined): void {
    state.asked.add(log);
    if (cursor === undefined) state.claims.delete(log);
    else state.claims.set(log, cursor);
    const line = state.lines.get(log);
    if (line && cursor !== undefined && cursor <= line.sent) line.acked = Math.max(line.acked, cursor);
  }

  /** What follows the log from now on begins anew. */
  #ended(wire: Wire, { lines, claims, owner }: SocketState, log: LogKey): void {
    lines.delete(log);
    claims.delete(log);
    const known = owner.logs.get(log);
    if (known && owner.wire === wire) known.isForgotten = true;
  }

  #settled({ epoch, owner }: SocketState, log: LogKey, seq: number): void {
    const { current } = this.truth;
    if (epoch !== current.epoch) return;
    current.note(log, seq);
    current.noteDevice(owner.device, log, seq);
  }

  #welcomed(wire: Wire, state: SocketState, { logs = {}, epoch }: Frame): void {
    const { owner } = state;
    state.epoch = epoch;
    const named = new Set<LogKey>();
    for (const [name, start] of Object.entries(logs)) {
      named.add(logOfFrame(owner.user, name));
      this.#opened(state, { log: name, ...start });
    }
    // Those that are not named are kept for the day the user becomes a member, unless they mean nothing.
    if (state.isVoid) state.claims.clear();
    // What it names from now on is of this epoch.
    state.isVoid = false;
    // A node that stood still welcomes pages that have gone.
    if (wire.goneAt !== undefined) return;
    this.instances.onWelcome(owner, named);
    owner.wire = wire;
    owner.welcomedAt = this.truth.world.time;
  }

  #opened(state: SocketState, { log: name, from, resumed }: LogStart & { readonly log: string }): void {
    const { user, device } = state.owner;
    const log = logOfFrame(user, name);
    const line = state.lines.get(log);
    if (line) {
      this.#repeated(state, log, { from, resumed });
      return;
    }
    const claimed = state.claims.get(log);
    state.claims.delete(log);
    state.lines.set(log, { from, sent: from, acked: from, openedAt: this.truth.world.time });
    if (claimed !== undefined && resumed) this.#resumed(state, log, { from, claimed });
    checkStart(this.truth, state, { log, from, claimed: state.isVoid ? undefined : claimed });
    if (state.epoch === this.truth.current.epoch) this.truth.current.noteDevice(device, log, from);
  }

  /** It follows the log already, and is told where it is. */
  #repeated({ owner, lines, claims }: SocketState, log: LogKey, at: Omit<LogStart, 'head'>): void {
    const line = lines.get(log) as LineState;
    const where = Math.max(line.sent, line.acked);
    const claimed = claims.get(log) ?? line.from;
    claims.delete(log);
    // A cursor is an ack, also of what another socket was sent.
    const isAhead = claimed > where && claimed <= this.truth.current.head(log);
    if (isAhead && at.from === claimed) {
      line.acked = claimed;
      return;
    }
    const violate = (what: string) =>
      this.truth.violate('I16', `${owner.tab.facts.name} is ${what} in ${log}, not at ${at.from}`);
    if (at.from !== where) violate(`at ${where}`);
    if (at.resumed && claimed < line.from) violate(`resumed after ${claimed}`);
  }

  #resumed({ owner, isVoid }: SocketState, log: LogKey, at: { from: number; claimed: number }): void {
    const { name } = owner.tab.facts;
    if (isVoid) this.truth.violate('epoch', `${name} is resumed in ${log} with a cursor of another epoch`);
    else if (at.from !== at.claimed)
      this.truth.violate('I16', `${name} is resumed at ${at.from} in ${log}, not at ${at.claimed}`);
  }

  #sent(wire: Wire, state: SocketState, { frame, decidedAt }: { frame: Frame; decidedAt: number }): void {
    const seq = frame.seq as number;
    const log = logOfFrame(state.owner.user, frame.log as string);
    const chronicle = this.truth.of(state.epoch);
    this.#inTurn(state, log, { from: seq, to: seq });
    if (!chronicle) return;
    const shown = { log, seq, id: frame.id, n: frame.data?.n };
    checkPlace(this.truth, chronicle, shown);
    checkMembership(this.truth, state, { log, seq });
    // A node that cannot believe its clock cannot know better; it is not in service then.
    const isClockRight = Math.abs(wire.node.clock.errorMs) < clockToleranceMs;
    if (isClockRight) this.#inTime(chronicle, shown, { name: state.owner.tab.facts.name, decidedAt, frame });
  }

  #inTime(
    chronicle: Chronicle,
    { log, seq }: Shown,
    { name, decidedAt, frame }: { name: string; decidedAt: number; frame: Frame },
  ): void {
    const { expiresAt = Infinity } = frame;
    if (expiresAt + expiryToleranceMs < this.truth.world.startMs + decidedAt)
      this.truth.violate('I15', `${log} ${seq} is sent to ${name} after it expired`);
    const { mark, at = 0 } = chronicle.markOf(log, seq) ?? {};
    if (mark && mark !== 'emptied' && decidedAt > at + markedMs)
      this.truth.violate('mark', `${log} ${seq} is sent to ${name} long after it was ${mark}`);
  }

  #skipped(wire: Wire, state: SocketState, frame: Frame): void {
    const log = logOfFrame(state.owner.user, frame.log as string);
    const [from, to] = [frame.from as number, frame.to as number];
    this.#inTurn(state, log, { from, to });
    const chronicle = this.truth.of(state.epoch);
    if (!chronicle) return;
    const passage = { log, after: from - 1, to, who: `a skip for ${wire.page.process.name}` };
    explain(this.truth, chronicle, passage);
    checkReason(this.truth, chronicle, { ...passage, reason: frame.reason ?? '' });
  }

  #inTurn(state: SocketState, log: LogKey, { from, to }: { from: number; to: number }): void {
    const { name } = state.owner.tab.facts;
    const line = state.lines.get(log);
    if (!line) {
      this.truth.violate(
        logUser(log) ? 'I8' : 'I12',
        `${name} is sent ${log} ${from} and does not follow it`,
      );
      return;
    }
    const before = Math.max(line.sent, line.acked);
    if (from !== before + 1) this.truth.violate('I8', `${log} ${from} is sent to ${name} after ${before}`);
    line.sent = to;
    const open = to - line.acked;
    if (open > parameters.ackWindow)
      this.truth.violate('I9', `${open} are on their way to ${name}, the window is ${parameters.ackWindow}`);
  }

  /** At most once per socket, to who follows the log, and now. */
  #passed(state: SocketState, { frame, decidedAt }: { frame: Frame; decidedAt: number }): void {
    const { owner } = state;
    const log = logOfFrame(owner.user, frame.log as string);
    const who = owner.tab.facts.name;
    const n = frame.data?.n as number;
    const post = this.truth.posts.get(n);
    if (post?.ttlS !== 0 || !post.logs.includes(log))
      this.truth.violate('I5', `${n} is passed to ${who} in ${log}`);
    if (!state.lines.has(log))
      this.truth.violate('I12', `${n} is passed to ${who}, who does not follow ${log}`);
    if (state.volatile.has(n)) this.truth.violate('volatile', `${n} is passed to ${who} twice`);
    state.volatile.add(n);
    if (decidedAt > (post?.postedAt ?? 0) + volatileMs)
      this.truth.violate('volatile', `${n} comes to ${who} too late`);
  }
}
