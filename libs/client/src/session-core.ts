/**
 * Positions, order and acks of one running SDK, without sockets, timers or chance: the same inputs give the
 * same outputs, so that a simulation can run it. Must never let a message through twice or out of turn.
 */
import type { Ack, ClientFrame, Hello, LogStart, limits, MessageFrame, Skip, Welcome } from '@carillon/wire';
import { topicPrefix } from '@carillon/wire';

/**
 * How a message came to its end. `failed`: its handler threw or ran out of time; `unhandled`: none matched.
 */
export type Outcome = 'delivered' | 'failed' | 'unhandled';

/** Continuity of a log could not be proven: between `cursor` and `from` messages may be missing. */
export interface Gap {
  readonly log: string;
  /** What had been settled before. */
  readonly cursor: number;
  /** Where the log goes on (exclusive). */
  readonly from: number;
  /** Newest entry of the log. */
  readonly head: number;
}

/** Settled positions of one user in one epoch. */
export interface SavedPositions {
  readonly user: string;
  readonly epoch: string;
  readonly cursors: Readonly<Record<string, number>>;
}

/** A settled position that has changed; `isReset`: the server said so and it may have gone down. */
export interface Move {
  readonly user: string;
  readonly epoch: string;
  readonly log: string;
  readonly seq: number;
  readonly isReset: boolean;
}

/** A message whose turn it is; the log waits until `settle` is called, once. */
export interface Job {
  readonly message: MessageFrame;
  readonly settle: (outcome: Outcome) => void;
}

/** Where one log stands. A reset replaces it, so that what was taken before no longer moves anything. */
interface Position {
  received: number;
  settled: number;
  queue: Item[];
}

interface Item {
  readonly frame: MessageFrame | Skip;
  readonly to: number;
  readonly position: Position;
}

interface OpenAck extends Ack {
  seq: number;
  failed?: number[];
  unhandled?: number[];
  delivered?: undefined;
}

// Numbers of wire, typed by it: importing the tables as values would cost a fifth of what the SDK may weigh.
const ackWindow: typeof limits.ackWindow = 64;
const readIdsMax: typeof limits.readIdsMax = 100;
const readsMax = 1_000;
// With names of full length so many logs still make a hello below limits.frameBytesMax. Topics that find no
// room are subscribed after the welcome.
const helloLogsMax = 50;

/** The state of one SDK: per log what was received, what was settled, and what waits for its turn. */
export class SessionCore {
  /** Logs of the topics that the page wants to follow, in the order in which it asked. */
  readonly wanted = new Set<string>();
  /** Settlements and reads since the last `report()`. */
  unsent = 0;
  #user: string | undefined;
  #epoch: string | undefined;
  #acks: OpenAck[] = [];
  readonly #reads: string[] = [];
  readonly #positions = new Map<string, Position>();
  /**
   * Logs with a job that has not settled; outlives resets, because handlers run in series whatever happens.
   */
  readonly #busy = new Set<string>();
  readonly #onMove: (move: Move) => void;
  readonly #onGap: (gap: Gap) => void;

  /** `onMove` is called at every change of a settled position, `onGap` where continuity is lost. */
  constructor(onMove: (move: Move) => void, onGap: (gap: Gap) => void) {
    this.#onMove = onMove;
    this.#onGap = onGap;
  }

  /** Starts where an earlier instance ended. Only before the first `welcome`. */
  restore({ user, epoch, cursors }: SavedPositions): void {
    this.#user = user;
    this.#epoch = epoch;
    for (const log in cursors) this.#place(log, cursors[log]!);
  }

  /** Settled position of a log, undefined where there is none yet. */
  cursor(log: string): number | undefined {
    return this.#positions.get(log)?.settled;
  }

  /**
   * The part of `hello` that says from where to go on. Topics that found no room are missing in `welcome`.
   */
  hello(): Pick<Hello, 'user' | 'epoch' | 'cursors' | 'topics'> {
    const cursors: Record<string, number> = {};
    const topics: string[] = [];
    const logs = new Set(['user', 'all', ...this.wanted, ...this.#positions.keys()]);
    for (const log of [...logs].slice(0, helloLogsMax)) {
      // JSON leaves undefined fields out, here and below.
      cursors[log] = this.cursor(log)!;
      if (this.wanted.has(log)) topics.push(log.slice(topicPrefix.length));
    }
    return { user: this.#user!, epoch: this.#epoch!, cursors, topics };
  }

  /** Takes over where each log starts. Logs that the server does not name are forgotten. */
  welcome({ user, epoch, logs }: Welcome): void {
    const isOtherUser = user !== this.#user;
    const isOther = isOtherUser || epoch !== this.#epoch;
    this.#user = user;
    this.#epoch = epoch;
    for (const [log, position] of this.#positions) {
      // Nothing joins on to a position of another user or epoch.
      if (isOther) position.received = -1;
      // What waits for its turn belongs to the one for whom it was sent.
      if (isOtherUser) position.queue = [];
      const isWanted = log in logs || (!isOther && this.wanted.has(log));
      if (!isWanted) this.#positions.delete(log);
    }
    this.#acks = this.#acks.filter(({ log }) => log in logs);
    for (const log in logs) this.start(log, logs[log]!);
  }

  /** Takes over where one log starts: `subscribed`, or a log of `welcome`. */
  start(log: string, { from, head, resumed }: LogStart): void {
    const old = this.#positions.get(log);
    // What was received after the hello joins on by itself, unless the log ends before it.
    if (old && from <= old.received && (resumed || old.received <= head)) return;
    // Those up to `from` do not come again; the rest does, and must not be handled twice.
    this.#place(
      log,
      from,
      old?.queue.filter(({ to }) => to <= from),
    );
    this.#acks = this.#acks.filter((ack) => ack.log !== log);
    const isReset = !!old && (!resumed || old.received < 0);
    this.#move(log, from, isReset);
    if (isReset) this.#onGap({ log, cursor: old.settled, from, head });
  }

  /** Takes what follows directly and drops what was there before; a log that is not followed is dropped too.
   *  False: something before it is missing, so close with 4204 and resume. */
  take(frame: MessageFrame | Skip): boolean {
    const position = this.#positions.get(frame.log);
    const { seq, from = seq, to = seq } = frame as { seq: number; from?: number; to?: number };
    // Put so that a seq that is no number is dropped.
    if (position && to > position.received) {
      if (from > position.received + 1) return false;
      position.received = to;
      position.queue.push({ frame, to, position });
    }
    return true;
  }

  /** The message whose turn it is in this log, if none is being handled; settles the skips before it. */
  next(log: string): Job | undefined {
    const position = this.#positions.get(log);
    while (position && !this.#busy.has(log)) {
      const item = position.queue.shift();
      if (!item) break;
      const { frame } = item;
      if (frame.type === 'message') {
        this.#busy.add(log);
        const settle = (outcome: Outcome) => {
          this.#busy.delete(log);
          this.#settle(item, outcome);
        };
        return { message: frame, settle };
      }
      this.#settle(item, 'delivered');
    }
    return undefined;
  }

  /** A message that the user has read, by id. */
  read(id: string): void {
    // So many mean that nobody has been connected for long; further ones are let go.
    if (this.#reads.length < readsMax) this.#reads.push(id);
    this.unsent += 1;
  }

  /** Acks and reads since the last call, as frames; once they are taken they must be sent. */
  report(): readonly ClientFrame[] {
    const frames: ClientFrame[] = this.#acks;
    while (this.#reads[0]) frames.push({ type: 'read', ids: this.#reads.splice(0, readIdsMax) });
    this.#acks = [];
    this.unsent = 0;
    return frames;
  }

  #settle({ frame: { log }, to, position }: Item, outcome: Outcome): void {
    if (this.#positions.get(log) !== position) return;
    position.settled = to;
    this.unsent += 1;
    let ack = this.#acks.findLast((open) => open.log === log);
    // An ack names at most as many as a window holds; while nobody is connected more can come together.
    if (!ack || ack[outcome]?.length === ackWindow) {
      ack = { type: 'ack', log, seq: to };
      this.#acks.push(ack);
    }
    ack.seq = to;
    if (outcome !== 'delivered') {
      ack[outcome] ??= [];
      ack[outcome].push(to);
    }
    this.#move(log, to, false);
  }

  #place(log: string, seq: number, queue: Item[] = []): void {
    this.#positions.set(log, { received: seq, settled: seq, queue });
  }

  #move(log: string, seq: number, isReset: boolean): void {
    this.#onMove({ user: this.#user!, epoch: this.#epoch!, log, seq, isReset });
  }
}
