/**
 * Brings postings into their logs and says of each what may be answered. A posting is accepted only when
 * every one of its entries is durable. Must never answer for a posting more than the store has confirmed.
 */
import type { Draft } from '@carillon/domain';
import type { Appended } from '@carillon/domain/ports';
import { Injectable } from '@nestjs/common';
import { Backlog } from './backlog.js';
import { planPhases, type Step } from './batch-plan.js';
import { Collapsing } from './collapsing.js';
import { CommitQueue } from './commit-queue.js';
import type { Deadline } from './deadlines.js';
import type { Outcome } from './outcome.js';
import { furtherDrafts, type Posting } from './posting.js';

/** Entries that are submitted together, unless one posting alone has more. */
const sliceEntries = 1_000;

interface Progress {
  readonly posting: Posting;
  first?: Extract<Outcome, { outcome: 'accepted' }>;
  failed?: Exclude<Outcome, { outcome: 'accepted' }>;
}

@Injectable()
export class Appending {
  constructor(
    private readonly commits: CommitQueue,
    private readonly collapsing: Collapsing,
    private readonly backlog: Backlog,
  ) {}

  /** Whether anything can be taken now. */
  get hasRoom(): boolean {
    return this.commits.hasRoom(1);
  }

  /**
   * One outcome per posting, in order, when the deadline is over at the latest; entries of one log are placed
   * in the order of the postings.
   */
  append(postings: readonly Posting[], deadline: Deadline): Promise<readonly Outcome[]> {
    const [first] = postings;
    if (first && postings.length === 1 && first.logs.length === 1) return this.appendOne(first, deadline);
    return this.appendAll(postings, deadline);
  }

  /** What most requests are: one message to one log. */
  private async appendOne(posting: Posting, deadline: Deadline): Promise<readonly Outcome[]> {
    if (!this.hasRoom) return [{ outcome: 'full' }];
    const [appended] = await this.commit([posting.first], deadline);
    return [firstVerdict(posting, appended)];
  }

  private async appendAll(postings: readonly Posting[], deadline: Deadline): Promise<readonly Outcome[]> {
    const outcomes: Outcome[] = [];
    for (const slice of slicesOf(postings)) outcomes.push(...(await this.appendSlice(slice, deadline)));
    return outcomes;
  }

  private async appendSlice(postings: readonly Posting[], deadline: Deadline): Promise<readonly Outcome[]> {
    const all = postings.map((posting): Progress => ({ posting }));
    for (const steps of planPhases(postings)) await this.appendPhase(steps, all, deadline);
    return all.map(({ first, failed }) => failed ?? first ?? { outcome: 'unconfirmed' });
  }

  private async appendPhase(steps: readonly Step[], all: readonly Progress[], deadline: Deadline) {
    const parts = steps.flatMap(({ index, part }) => {
      const progress = all[index] as Progress;
      const drafts = draftsOf(progress, part);
      return drafts.length === 0 ? [] : [{ progress, part, drafts }];
    });
    const drafts = parts.flatMap((each) => each.drafts);
    if (!this.commits.hasRoom(drafts.length)) {
      for (const { progress } of parts) progress.failed = { outcome: 'full' };
      return;
    }
    const appended = await this.commit(drafts, deadline);
    let at = 0;
    for (const { progress, part, drafts: own } of parts) {
      learn(progress, part, appended.slice(at, at + own.length));
      at += own.length;
    }
  }

  private async commit(drafts: readonly Draft[], deadline: Deadline): Promise<readonly Appended[]> {
    const appended = await this.commits.submit(drafts, deadline);
    let isReplacing = false;
    for (const each of appended) {
      if (each.outcome === 'unconfirmed') continue;
      this.backlog.learn(each.entry);
      isReplacing ||= each.entry.collapseKey !== undefined;
    }
    if (isReplacing) await deadline.within(this.collapsing.supersede(appended, deadline));
    return appended;
  }
}

function draftsOf({ posting, first, failed }: Progress, part: Step['part']): readonly Draft[] {
  if (part === 'first') return [posting.first];
  if (part === 'whole') return [posting.first, ...furtherDrafts(posting, posting.first)];
  // What was recalled since stays so: a retry must not bring it to those who had not got it.
  if (failed || !first || first.first.mark === 'recalled') return [];
  return furtherDrafts(posting, first.first);
}

function learn(progress: Progress, part: Step['part'], appended: readonly Appended[]): void {
  if (part !== 'rest') {
    const verdict = firstVerdict(progress.posting, appended[0]);
    if (verdict.outcome === 'accepted') progress.first = verdict;
    else progress.failed = verdict;
  }
  if (appended.some(({ outcome }) => outcome === 'unconfirmed')) {
    progress.failed ??= { outcome: 'unconfirmed' };
  }
}

function firstVerdict(posting: Posting, appended: Appended | undefined): Outcome {
  if (!appended || appended.outcome === 'unconfirmed') return { outcome: 'unconfirmed' };
  const { entry, outcome } = appended;
  if (entry.origin?.fingerprint !== posting.first.origin?.fingerprint) return { outcome: 'reused' };
  return { outcome: 'accepted', first: entry, isReplay: outcome === 'present' };
}

/** Postings whose entries may be submitted together. */
export function* slicesOf(postings: readonly Posting[]): Generator<readonly Posting[]> {
  let slice: Posting[] = [];
  let entries = 0;
  for (const posting of postings) {
    if (slice.length > 0 && entries + posting.logs.length > sliceEntries) {
      yield slice;
      slice = [];
      entries = 0;
    }
    slice.push(posting);
    entries += posting.logs.length;
  }
  if (slice.length > 0) yield slice;
}
