/** What holds for recall, collapse and emptying, broken one by one. */
import type { Mutant } from './mutant.ts';

const collect = 'libs/services/collect/src';
const mongo = 'libs/adapters/store-mongo/src';
const push = 'libs/services/push/src';

export const markMutants: readonly Mutant[] = [
  {
    name: 'recall-by-doorbell-only',
    rule: 'section 9: a recall is durable',
    seedsMax: 20,
    patches: [
      {
        file: `${collect}/recall.ts`,
        find: "await Promise.all(some.map(({ log, seq }) => this.marks.mark(log, [seq], 'recalled')));",
        replace: '',
      },
    ],
  },
  {
    name: 'recall-keeps-content',
    rule: 'section 9: a recall removes the payload',
    seedsMax: 20,
    patches: [
      {
        file: `${mongo}/marking.ts`,
        find: "return mark === 'superseded' ? [set] : [set, { $unset: content }];",
        replace: 'void content; return [set];',
      },
    ],
  },
  {
    name: 'recalled-list-completed',
    rule: 'section 4: a retry does not go on with what was recalled',
    seedsMax: 400,
    patches: [
      {
        file: `${collect}/appending.ts`,
        find: "if (failed || !first || first.first.mark === 'recalled') return [];",
        replace: 'if (failed || !first) return [];',
      },
    ],
  },
  {
    name: 'ring-always-fresh',
    rule: 'section 5: what is old in a ring or a page is read again',
    seedsMax: 400,
    patches: [
      {
        file: `${push}/session/ring.ts`,
        find: 'return Math.abs(now - acceptedAt) <= this.options.ringFreshMs;',
        replace: 'return now - acceptedAt < Number.POSITIVE_INFINITY;',
      },
      {
        file: `${push}/session/ring.ts`,
        find: 'if (this.clock.monotonic() - kept.keptAt > this.options.ringFreshMs) return undefined;',
        replace: '',
      },
      {
        file: `${push}/session/pump.ts`,
        find: 'this.share.clock.monotonic() - page.readAt > this.share.options.ringFreshMs',
        replace: 'page.readAt < 0',
      },
    ],
  },
  {
    name: 'newer-superseded',
    rule: 'section 9: only older ones give way',
    seedsMax: 20,
    patches: [
      {
        file: `${mongo}/marks.ts`,
        find: 'seq: { $gt: seqs.after, $lt: seqs.below }',
        replace: 'seq: { $gt: seqs.after }',
      },
    ],
  },
  {
    name: 'superseded-too-early',
    rule: 'section 9: older ones give way when the newer is durable',
    seedsMax: 40,
    patches: [
      {
        file: `${collect}/appending.ts`,
        find: 'const appended = await this.commits.submit(drafts, deadline);',
        replace:
          'await this.collapsing.supersede(drafts.map((draft) =>' +
          " ({ outcome: 'appended', entry: { ...draft, seq: 1e9 } })), deadline);" +
          ' const appended = await this.commits.submit(drafts, deadline);',
      },
    ],
  },
  {
    name: 'erasure-frees-places',
    rule: 'section 4: erasure removes nothing that a writer may build upon',
    seedsMax: 40,
    patches: [
      {
        file: `${mongo}/log-keeping.ts`,
        find: 'await this.#emptyThose(log, { $lte: await this.#newestSeq(log) });',
        replace:
          'await this.#emptyThose(log, { $lte: await this.#newestSeq(log) });' +
          ' await this.#remove((await this.#oldest(log, 500)).slice(0, -1));',
      },
    ],
  },
  {
    name: 'mark-overwritten',
    rule: 'section 9: a mark stays, a recall apart',
    seedsMax: 120,
    patches: [
      {
        file: `${mongo}/marking.ts`,
        find: "mark === 'recalled' ? mark : { $ifNull: ['$mark', mark] }",
        replace: 'mark',
      },
    ],
  },
];
