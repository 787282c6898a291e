/** What holds for messages that wait for their time, and for clocks, broken one by one. */
import type { Mutant } from './mutant.ts';

const collect = 'libs/services/collect/src';
const schedule = 'libs/adapters/store-mongo/src/schedule.ts';

export const timeMutants: readonly Mutant[] = [
  {
    name: 'fired-without-claim',
    rule: 'section 9: a scheduled message is claimed before it is fired',
    seedsMax: 40,
    patches: [
      {
        file: schedule,
        find: 'this.#scheduled.updateMany({ ...those, ...dueAt(now) }, { $set: claimed })',
        replace: 'Promise.resolve()',
      },
      { file: schedule, find: '.find({ ...those, ...claimed })', replace: '.find(those)' },
    ],
  },
  {
    name: 'fired-under-another-id',
    rule: 'section 9: a message is fired with its own id',
    seedsMax: 20,
    patches: [
      {
        file: `${collect}/posting.ts`,
        find: 'first: { ...posting.first, acceptedAt: now,',
        replace: 'first: { ...posting.first, id: posting.first.id + (now % 32), acceptedAt: now,',
      },
    ],
  },
  {
    name: 'fired-at-once',
    rule: 'section 9: nothing is fired before its time',
    seedsMax: 20,
    patches: [
      {
        file: schedule,
        find: "{ state: 'waiting', dueAt: { $lte: now } },",
        replace: "{ state: 'waiting' },",
      },
    ],
  },
  {
    name: 'fired-by-a-wrong-clock',
    rule: 'section 9: who cannot believe its clock fires nothing',
    seedsMax: 200,
    patches: [
      {
        file: `${collect}/firing.ts`,
        find: '!this.isStopped && this.trust.isTrusted && this.appending.hasRoom',
        replace: '!this.isStopped && this.appending.hasRoom',
      },
    ],
  },
  {
    name: 'stamped-by-a-wrong-clock',
    rule: 'section 9: who cannot believe its clock takes nothing in',
    seedsMax: 40,
    patches: [
      {
        file: `${collect}/intake-gate.ts`,
        find: 'if (!this.trust.isTrusted) {',
        replace: 'if (this.trust.isTrusted === undefined) {',
      },
    ],
  },
  {
    name: 'emptied-by-a-wrong-clock',
    rule: 'section 9: who cannot believe its clock empties nothing',
    seedsMax: 120,
    patches: [{ file: `${collect}/purge.ts`, find: 'if (!this.trust.isTrusted) return;', replace: '' }],
  },
  {
    name: 'expired-by-a-wrong-clock',
    rule: 'section 9: who cannot believe its clock calls nothing expired',
    seedsMax: 120,
    patches: [
      {
        file: 'libs/services/push/src/session/pump.ts',
        find: 'this.isHeld = !this.share.trust.isTrusted;',
        replace: 'this.isHeld = false;',
      },
    ],
  },
];
