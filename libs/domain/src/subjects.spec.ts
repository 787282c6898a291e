/** Subjects of the bus: all different, and none of them a pattern. */
import { expect, it } from 'vitest';
import { allLog, incarnation, topicLog } from './keys.js';
import { subjects } from './subjects.js';

const all = [
  subjects.dispatchAnnouncements,
  subjects.dispatch('01JXABC'),
  subjects.dispatch('01JXABD'),
  subjects.push(incarnation('push-1', 'b1')),
  subjects.push(incarnation('push-1', 'b2')),
  subjects.push(incarnation('all', 'b')),
  subjects.log(allLog('demo')),
  subjects.log(allLog('demp')),
  subjects.log(topicLog('demo', '..a.')),
  subjects.log(topicLog('demo', 'a')),
  subjects.everyPush,
  subjects.routesDoubted,
  subjects.notices,
  subjects.authVerify,
  subjects.authPolicy,
  subjects.authKeyCheck,
];

it('are all different', () => {
  expect(new Set(all).size).toBe(all.length);
});

it('have non-empty tokens without wildcards or blanks', () => {
  for (const subject of all) expect(subject).toMatch(/^carillon(\.[A-Za-z0-9_~-]+)+$/);
});

it('never let a node be called like the subject of all nodes', () => {
  const tokens = subjects.everyPush.split('.').length;
  for (const node of ['all', 'push-all', '-all']) {
    expect(subjects.push(incarnation(node, 'b'))).not.toBe(subjects.everyPush);
  }
  expect(subjects.push(incarnation('n', 'b')).split('.')).toHaveLength(tokens + 1);
});
