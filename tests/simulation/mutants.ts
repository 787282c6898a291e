/**
 * Each rule of docs/reference/delivery.md section 4, and some beside them, broken by a patch of the source.
 * The simulation must notice each within the seeds that stand here.
 */
import { markMutants } from './mark-mutants.ts';
import type { Mutant } from './mutant.ts';
import { timeMutants } from './time-mutants.ts';
import { topicMutants } from './topic-mutants.ts';

const store = 'tests/simulation/store/process-store.ts';
const append = 'libs/adapters/store-mongo/src/append.ts';
const push = 'libs/services/push/src';

const deliveryMutants: readonly Mutant[] = [
  {
    name: 'base-not-committed',
    rule: 'A1: the base of an append is a committed entry',
    seedsMax: 1_000,
    patches: [
      {
        file: store,
        find: "baseConcern: ReadConcern = 'majority'",
        replace: "baseConcern: ReadConcern = 'local'",
      },
    ],
  },
  {
    name: 'read-not-majority',
    rule: 'A2: readers see only what is committed',
    seedsMax: 60,
    patches: [
      {
        file: store,
        find: "readerConcern: ReadConcern = 'majority'",
        replace: "readerConcern: ReadConcern = 'local'",
      },
    ],
  },
  {
    name: 'purge-without-order',
    rule: 'A3: purge takes only a prefix',
    seedsMax: 60,
    patches: [
      {
        file: 'libs/adapters/store-mongo/src/log-keeping.ts',
        find: 'const aged = young < 0 ? oldest : oldest.slice(0, young);',
        replace: 'const aged = oldest.filter((row) => row.expiresAt < bounds.expiredBefore); void young;',
      },
    ],
  },
  {
    name: 'purge-of-the-newest',
    rule: 'A3: the newest entry of a log stays',
    seedsMax: 120,
    patches: [
      {
        file: 'libs/adapters/store-mongo/src/log-keeping.ts',
        find: 'const removable = aged.filter((row) => row.seq < newest)',
        replace: 'const removable = aged.filter((row) => row.seq <= newest)',
      },
    ],
  },
  {
    name: 'own-duplicate-read-locally',
    rule: 'A4: an own duplicate is confirmed by a majority read',
    seedsMax: 200,
    patches: [
      {
        file: store,
        find: "ownConcern: ReadConcern = 'majority'",
        replace: "ownConcern: ReadConcern = 'local'",
      },
    ],
  },
  {
    name: 'duplicate-taken-for-own',
    rule: 'A4: a duplicate without a read confirms nothing',
    seedsMax: 20,
    patches: [
      {
        file: append,
        find: 'return rows.filter((_, index) => !refused.has(index));',
        replace: 'return rows;',
      },
    ],
  },
  {
    name: 'read-before-register',
    rule: 'A5: register the route, then read the log',
    seedsMax: 120,
    patches: [
      { file: `${push}/session/reception.ts`, find: 'await registered;', replace: 'void registered;' },
    ],
  },
  {
    name: 'no-anti-entropy',
    rule: 'A6: every followed log is compared with its head',
    seedsMax: 40,
    patches: [
      {
        file: `${push}/delivery/anti-entropy.ts`,
        find: 'for (const { log, head } of suspects) this.find(log, head);',
        replace: 'void suspects;',
      },
    ],
  },
  {
    name: 'server-hears-no-silence',
    rule: 'A7: the node detects a dead client',
    seedsMax: 40,
    patches: [
      {
        file: `${push}/session/session.ts`,
        find: 'now - this.heardAt > options.heartbeatMs * 1.5',
        replace: 'now < 0',
      },
    ],
  },
  {
    name: 'client-hears-no-silence',
    rule: 'A7: the client detects a dead node',
    seedsMax: 60,
    patches: [
      {
        file: 'libs/client/src/link.ts',
        find: 'silence(() => link.fail(heartbeatMissed), maxMs);',
        replace: 'silence(() => {}, maxMs);',
      },
    ],
  },
  {
    name: 'continuity-assumed',
    rule: 'A8: continuity is proven by the read',
    seedsMax: 120,
    patches: [
      {
        file: `${push}/session/start-point.ts`,
        find: 'resumed: isServersChoice, page };',
        replace: 'resumed: true || isServersChoice, page };',
      },
    ],
  },
  {
    name: 'gap-written-over',
    rule: 'A8: a pump never goes past a gap',
    seedsMax: 2_000,
    patches: [
      {
        file: `${push}/session/pump.ts`,
        find: 'if (entry.seq !== this.sentSeq + 1) {',
        replace: 'if (entry.seq < 0) {',
      },
    ],
  },
  {
    name: 'no-window',
    rule: 'section 5: at most a window unsettled',
    seedsMax: 10,
    patches: [
      {
        file: `${push}/session/pump.ts`,
        find: 'this.sentSeq - this.settledSeq < this.share.options.ackWindow &&',
        replace: '',
      },
    ],
  },
  {
    name: 'release-of-others',
    rule: 'section 7: only its own route is released',
    seedsMax: 200,
    patches: [
      {
        file: 'libs/adapters/routes-memory/src/memory-routes.ts',
        find: 'nodes?.delete(incarnation);',
        replace: 'nodes?.clear();',
      },
    ],
  },
  {
    name: 'open-logs',
    rule: 'section 3: a log with an unfinished entry is closed',
    seedsMax: 60,
    patches: [
      {
        file: 'libs/services/collect/src/log-queue.ts',
        find: 'for (const { log } of batch) this.closed.add(log);',
        replace: '',
      },
    ],
  },
  {
    name: 'no-renumbering',
    rule: 'section 4: after a refusal what is unconfirmed is renumbered',
    seedsMax: 60,
    patches: [
      {
        file: append,
        find: 'rows.push({ ...draft, seq: before + 1 });',
        replace:
          'const kept = draft as { old?: number }; kept.old ??= before + 1;' +
          ' rows.push({ ...draft, seq: kept.old });',
      },
    ],
  },
  {
    name: 'run-without-order',
    rule: 'section 4: nothing is sent whose predecessor was refused',
    seedsMax: 60,
    patches: [
      {
        file: append,
        find: 'const reply = await this.#calls.insert(rows, lot.isRun);',
        replace: 'const reply = await this.#calls.insert(rows, false);',
      },
      {
        file: append,
        find: 'const confirmed = confirmedRows(rows, reply, lot.isRun);',
        replace: 'const confirmed = confirmedRows(rows, reply, false);',
      },
    ],
  },
  {
    name: 'unmet-concern-trusted',
    rule: 'section 4: an unmet write concern confirms nothing',
    seedsMax: 60,
    patches: [{ file: append, find: 'if (!reply.isWriteConcernMet) return [];', replace: '' }],
  },
];

export const mutants: readonly Mutant[] = [
  ...deliveryMutants,
  ...topicMutants,
  ...markMutants,
  ...timeMutants,
];
