/**
 * What is durable, and what producers and business systems were told: the rules that hold between the two at
 * every commit. Must never change what it sees.
 */
import { type Entry, type LogKey, logUser, type UserKey } from '@carillon/domain';
import type { Doc, Operation, View } from '../store/view.js';
import type { World } from '../world/world.js';
import { checkMark, checkRemoval } from './ageing.js';
import { Chronicle, numberOf } from './chronicle.js';
import { parameters } from './parameters.js';
import type { Post } from './posts.js';
import { restored } from './rollback.js';
import { checkAttempts, checkStamps } from './stamps.js';

/** A recall as its caller knows it. Times are the world's. */
export interface RecallState {
  readonly askedAt: number;
  confirmedAt: number | undefined;
  /** It never came to be. */
  isCancelled: boolean;
}

/** Above the limit so much may still be taken: what is under way, and what is not asked about again. */
const capSlack = 20;

export class Truth {
  readonly posts = new Map<number, Post>();
  readonly recalls = new Map<string, RecallState>();
  /** Whose erasure was asked for. */
  readonly erased = new Set<UserKey>();
  /** Told of every entry that was committed, with its post. */
  onPlaced: (row: Entry, post: Post) => void = () => {};
  current = new Chronicle();
  #restoredAt = -1;
  /** Ids of what waits in the backup that was restored. */
  #scheduledThen: ReadonlySet<string> = new Set();
  readonly #epochs = new Map<string, Chronicle>([['epoch-1', this.current]]);

  constructor(
    readonly world: World,
    private readonly committed: () => View,
  ) {}

  /** What happened in this epoch; undefined where nobody has ever heard of it. */
  of(epoch: string | undefined): Chronicle | undefined {
    return epoch === undefined ? undefined : this.#epochs.get(epoch);
  }

  get now(): number {
    return this.world.startMs + this.world.time;
  }

  /** Was there before the run began. */
  preload(operation: Operation): void {
    if (operation.kind === 'insert') this.current.add(operation.row);
    if (operation.kind === 'put' && operation.of === 'members') this.#joined(operation.doc);
  }

  onCommit(operation: Operation): void {
    switch (operation.kind) {
      case 'insert':
        this.#inserted(operation.row);
        break;
      case 'replace':
        checkMark(this, operation.row);
        break;
      case 'remove':
        checkRemoval(this, operation.id);
        break;
      case 'cursor':
        if (operation.seq > this.current.head(operation.log))
          this.violate('I14', `${operation.device} is at ${operation.seq}, beyond ${operation.log}`);
        this.current.note(operation.log, operation.seq);
        break;
      case 'epoch':
        this.world.history.note('epoch', operation.epoch);
        this.current.epoch = operation.epoch;
        this.#epochs.set(operation.epoch, this.current);
        break;
      case 'put':
      case 'drop':
        this.#document(operation);
    }
  }

  /** The store is as it was in the backup: what came after it never was. */
  restored(backup: View): void {
    this.current = restored(this.current, backup, this.world.time);
    for (const recall of this.recalls.values()) {
      recall.confirmedAt = undefined;
      recall.isCancelled = false;
    }
    this.#restoredAt = this.world.time;
    this.#scheduledThen = new Set(backup.docs.scheduled.keys());
    for (const post of this.posts.values()) if (post.acceptedAt !== undefined) this.#judge(post);
  }

  /** It got its 202, answered then: a restore may have come in between. */
  onAccepted(post: Post, answeredAt: number): void {
    if (answeredAt <= this.#restoredAt) this.#judge(post);
  }

  /** Whether the backup has what was promised before it was restored. */
  #judge(post: Post): void {
    const isScheduled = this.#scheduledThen.has(post.id ?? '');
    const isThere = post.logs.every((log) => this.current.placed.has(`${log} ${post.n}`));
    post.isLost = !isScheduled && !isThere;
  }

  /** The post of an entry. */
  postOf(row: Entry): Post | undefined {
    const n = numberOf(row);
    return n === undefined ? undefined : this.posts.get(n);
  }

  violate(rule: string, text: string): void {
    this.world.history.violate(rule, text);
  }

  #inserted(row: Entry): void {
    const { log, seq, id } = row;
    const { current } = this;
    this.world.history.note('commit', log, seq, id);
    const there = current.at(log, seq);
    if (there) this.violate('I4', `${log} ${seq} is ${there.id} and then ${id}`);
    if (seq > 1 && current.head(log) < seq - 1)
      this.violate('I4', `${log} ${seq} is committed before ${seq - 1}`);
    const post = this.postOf(row);
    if (!post?.logs.includes(log)) this.violate('I5', `${log} ${seq} was not posted`);
    if (current.placed.has(`${log} ${post?.n}`)) this.violate('I10', `${post?.n} is in ${log} twice`);
    current.add(row);
    if (!post) return;
    checkStamps(this, row, post);
    checkAttempts(this, row, post);
    this.#checkCap(row);
    this.onPlaced(row, post);
  }

  /** No more waits for a user than the limit says: after the furthest that was settled, and what is over. */
  #checkCap({ log, seq }: Entry): void {
    if (!logUser(log) || seq <= parameters.unackedEntriesMax + capSlack) return;
    let floor = Math.max(0, ...(this.committed().cursors.get(log)?.values() ?? []));
    const isOver = (at: number) => {
      const entry = this.current.at(log, at);
      return !entry || entry.expiresAt <= this.now || this.current.markOf(log, at) !== undefined;
    };
    while (floor < seq && isOver(floor + 1)) floor += 1;
    if (seq - floor > parameters.unackedEntriesMax + capSlack)
      this.violate('cap', `${seq - floor} wait in ${log}`);
  }

  isErased(log: LogKey): boolean {
    const user = logUser(log);
    return user !== undefined && this.erased.has(user);
  }

  #document(operation: Extract<Operation, { kind: 'put' | 'drop' }>): void {
    if (operation.of === 'members') {
      if (operation.kind === 'put') this.#joined(operation.doc);
      else this.#left(operation.id);
    }
    if (operation.of === 'scheduled' && operation.kind === 'put') {
      const { _id, state, claimedBy } = operation.doc;
      this.world.history.note('schedule', _id, String(state), String(claimedBy));
    }
  }

  #joined(doc: Doc): void {
    const { topic, user, head } = doc as unknown as { topic: LogKey; user: UserKey; head: number };
    this.world.history.note('join', user, topic, head);
    if (head > this.current.head(topic)) this.violate('I2', `${user} joins ${topic} beyond its head`);
    this.current.spells.push({ topic, user, head, from: this.world.time, to: undefined });
  }

  #left(id: string): void {
    for (const spell of this.current.spells) {
      if (spell.to !== undefined || `${spell.user}@${spell.topic}` !== id) continue;
      this.world.history.note('leave', spell.user, spell.topic);
      spell.to = this.world.time;
    }
  }
}
