// Every case of the suite, those that take longest first, so that they wait beside the others. Must never
// hold two cases of one name in a group.
import type { Case } from './conformance-case.ts';
import { everybodyCases } from './everybody-cases.ts';
import { frameCases } from './frame-cases.ts';
import { framingCases } from './framing-cases.ts';
import { handshakeCases } from './handshake-cases.ts';
import { limitCases } from './limit-cases.ts';
import { resumeCases } from './resume-cases.ts';
import { topicCases } from './topic-cases.ts';

export const allCases: readonly Case[] = [
  ...[...limitCases].reverse(),
  ...handshakeCases,
  ...framingCases,
  ...frameCases,
  ...resumeCases,
  ...topicCases,
  ...everybodyCases,
];
