// Inputs that the product may meet: names, places, texts and logs of any shape that is allowed.
import { allLog, type LogKey, topicLog, userKey, userLog } from '@carillon/domain';
import fc from 'fast-check';

const nameCharacters = 'ABCXYZabcxyz0189._:@-'.split('');

export const anyName = fc.string({
  unit: fc.constantFrom(...nameCharacters),
  minLength: 1,
  maxLength: 24,
});

export const anySeq = fc.oneof(fc.nat(200), fc.maxSafeNat());

/** The place of an entry. */
export const anyPlace = anySeq.map((seq) => Math.max(1, seq));

/** Text without lone surrogates, which UTF-8 cannot carry. */
export const anyText = fc.string({ unit: 'grapheme', maxLength: 300 });

export const anyLog: fc.Arbitrary<LogKey> = fc.oneof(
  fc.tuple(anyName, anyName).map(([tenant, user]) => userLog(userKey(tenant, user))),
  fc.tuple(anyName, anyName).map(([tenant, topic]) => topicLog(tenant, topic)),
  anyName.map(allLog),
);
