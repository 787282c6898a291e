/** What holds for topics, memberships and epochs, broken one by one. */
import type { Mutant } from './mutant.ts';

const push = 'libs/services/push/src';
const topics = `${push}/session/topics.ts`;
const start = `${push}/session/start-point.ts`;

export const topicMutants: readonly Mutant[] = [
  {
    name: 'topic-read-before-bus',
    rule: 'A5: hear the topic, then read it',
    seedsMax: 200,
    patches: [
      {
        file: topics,
        find: 'await this.following.begin(pump);',
        replace: 'void this.following.begin(pump);',
      },
      { file: topics, find: 'await Promise.all(ready);', replace: 'void Promise.all(ready);' },
    ],
  },
  {
    name: 'members-not-compared',
    rule: 'A6: anti-entropy compares memberships',
    seedsMax: 60,
    patches: [
      { file: `${push}/delivery/anti-entropy.ts`, find: 'await this.compareMembers();', replace: '' },
    ],
  },
  {
    name: 'membership-not-ended',
    rule: 'section 4: who is no member any more gets nothing more',
    seedsMax: 60,
    patches: [
      { file: topics, find: 'if (isMember && !members.has(name)) this.part(session, name);', replace: '' },
    ],
  },
  {
    name: 'parted-forgotten',
    rule: 'A8: who becomes a member again is resumed only where it was',
    seedsMax: 120,
    patches: [{ file: `${push}/session/session.ts`, find: 'this.parted.set(topic, seq);', replace: '' }],
  },
  {
    name: 'unopened-forgotten',
    rule: 'A6: a topic that could not be read is tried again',
    seedsMax: 120,
    patches: [
      {
        file: topics,
        find: 'if (session.unopened.size < topicsMax) session.unopened.set(name, cursor);',
        replace: '',
      },
    ],
  },
  {
    name: 'joined-head-ignored',
    rule: 'section 6: a member starts at the head noted at joining',
    seedsMax: 60,
    patches: [{ file: start, find: '(joinedHead ?? head)', replace: 'head' }],
  },
  {
    name: 'joined-head-passed-over',
    rule: 'section 6: nothing of before the joining is a member’s',
    seedsMax: 120,
    patches: [
      {
        file: start,
        find: 'if (!isMemberOnly || position.from >= joinedHead)',
        replace: 'if (!isMemberOnly || joinedHead >= 0)',
      },
    ],
  },
  {
    name: 'topic-from-its-past',
    rule: 'section 6: topics and all start at the head',
    seedsMax: 20,
    patches: [{ file: start, find: '(joinedHead ?? head)', replace: '(joinedHead ?? Promise.resolve(0))' }],
  },
  {
    name: 'any-topic-allowed',
    rule: 'I12: a token allows its topics and no others',
    seedsMax: 20,
    patches: [
      {
        file: `${push}/session/topic-pattern.ts`,
        find: 'return patterns.some(',
        replace: 'return true || patterns.some(',
      },
    ],
  },
  {
    name: 'epoch-ignored',
    rule: 'section 6: a cursor of another epoch means nothing',
    seedsMax: 60,
    patches: [
      {
        file: start,
        find: "return isOfUser && isOfEpoch ? cursor : 'void';",
        replace: "return isOfUser || isOfEpoch ? cursor : 'void';",
      },
    ],
  },
  {
    name: 'volatile-stored',
    rule: 'section 1: ttl 0 is in no log',
    seedsMax: 10,
    patches: [
      {
        file: 'libs/services/collect/src/acceptance.ts',
        find: 'if (posting.ttlMs === 0) return this.tell(posting);',
        replace: '',
      },
    ],
  },
  {
    name: 'volatile-doubled',
    rule: 'section 1: a doubled doorbell passes a volatile message once',
    seedsMax: 60,
    patches: [{ file: `${push}/delivery/fan-out.ts`, find: ' || !this.nonces.isNew(bell)', replace: '' }],
  },
  {
    name: 'no-cap',
    rule: 'section 12: too much that waits for one user is refused',
    seedsMax: 60,
    patches: [
      {
        file: 'libs/services/collect/src/backlog.ts',
        find: 'known.head - known.floor >= this.options.unackedEntriesMax',
        replace: 'known.head < known.floor',
      },
    ],
  },
];
