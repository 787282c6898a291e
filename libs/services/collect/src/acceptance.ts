/**
 * Takes postings in, each in its way: into the logs, into the schedule, or straight to who is there. One
 * outcome per posting, in order; must never say `accepted` of what is not durable, volatile ones apart.
 */
import type { LogKey } from '@carillon/domain';
import { Random } from '@carillon/domain/ports';
import { Injectable } from '@nestjs/common';
import { Appending } from './appending.js';
import { Backlog } from './backlog.js';
import type { Deadline } from './deadlines.js';
import { Doorbells } from './doorbells.js';
import type { Outcome } from './outcome.js';
import { furtherDrafts, type Posting } from './posting.js';
import { Scheduling } from './scheduling.js';

const nonceMax = 2 ** 48;
const unconfirmed: Outcome = { outcome: 'unconfirmed' };

@Injectable()
export class Acceptance {
  constructor(
    private readonly appending: Appending,
    private readonly scheduling: Scheduling,
    private readonly backlog: Backlog,
    private readonly doorbells: Doorbells,
    private readonly random: Random,
  ) {}

  /** One outcome per posting, in order, when the deadline is over at the latest. */
  take(postings: readonly Posting[], deadline: Deadline): Promise<readonly Outcome[]> {
    const isSimple = this.backlog.isEmpty && postings.every(isPlain);
    return isSimple ? this.appending.append(postings, deadline) : this.takeEach(postings, deadline);
  }

  private async takeEach(postings: readonly Posting[], deadline: Deadline): Promise<readonly Outcome[]> {
    const decided = postings.map((): Outcome | undefined => unconfirmed);
    await deadline.within(this.decideAll(postings, decided, deadline));
    if (deadline.isOver) return decided.map((outcome) => outcome ?? unconfirmed);
    const left = postings.filter((_, at) => decided[at] === undefined);
    const appended = await this.appending.append(left, deadline);
    let next = 0;
    return decided.map((outcome) => outcome ?? (appended[next++] as Outcome));
  }

  /** Each into its place as it is made; what has been answered is neither told nor scheduled any more. */
  private async decideAll(
    postings: readonly Posting[],
    decided: (Outcome | undefined)[],
    deadline: Deadline,
  ): Promise<void> {
    const full = await this.backlog.full(postings.flatMap(({ logs }) => logs));
    if (deadline.isOver) return;
    const decide = async (posting: Posting, at: number) => {
      decided[at] = await this.decide(posting, full);
    };
    await Promise.all(postings.map(decide));
  }

  /** Undefined: it is to be appended. */
  private async decide(posting: Posting, full: ReadonlySet<LogKey>): Promise<Outcome | undefined> {
    if (posting.ttlMs === 0) return this.tell(posting);
    if (posting.dueAt !== undefined) return this.scheduling.accept(posting);
    const scheduled = posting.isKeyed ? await this.scheduling.ofScheduled(posting) : undefined;
    if (scheduled || full.size === 0) return scheduled;
    const places = posting.logs.flatMap((log, at) => (full.has(log) ? [at] : []));
    // A retry of what was accepted before is answered as before, whatever waits now.
    if (places.length === 0 || (posting.isKeyed && (await this.scheduling.isAppended(posting))))
      return undefined;
    return { outcome: 'unacked', places };
  }

  private tell(posting: Posting): Outcome {
    const { first } = posting;
    const nonce = Math.floor(this.random.next() * nonceMax);
    this.doorbells.ringVolatile([first, ...furtherDrafts(posting, first)], nonce);
    return { outcome: 'accepted', first, isReplay: false };
  }
}

/** Neither volatile nor for later nor a retry of anything: there is nothing to decide. */
function isPlain({ ttlMs, dueAt, isKeyed }: Posting): boolean {
  return ttlMs !== 0 && dueAt === undefined && !isKeyed;
}
