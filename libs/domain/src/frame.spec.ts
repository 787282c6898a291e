/** An entry as a frame: what the wire's own decoder makes of it. */
import { decodeServerFrame } from '@carillon/wire';
import { describe, expect, it } from 'vitest';
import { type Entry, entryId } from './entry.js';
import { entryFrame } from './frame.js';
import { allLog, topicLog, userKey, userLog } from './keys.js';

const log = userLog(userKey('acme', 'ann'));
const bare: Entry = { id: '01JX', log, seq: 3, acceptedAt: 1_000, expiresAt: 2_000, event: 'order.shipped' };

describe('the frame of an entry', () => {
  it('carries what the device may know, and nothing else', () => {
    const entry: Entry = {
      ...bare,
      data: '{ "b": 1, "a": [ "é🙂" ] }',
      notification: '{"title":"Shipped","url":"/o/1"}',
      collapseKey: 'secret-key',
      origin: { fingerprint: 'secret-hash', recipients: 2, metadata: '{"secret":true}' },
    };
    expect(decoded(entryFrame(entry))).toEqual({
      type: 'message',
      log: 'user',
      seq: 3,
      id: '01JX',
      event: 'order.shipped',
      sentAt: 1_000,
      expiresAt: 2_000,
      data: { b: 1, a: ['é🙂'] },
      notification: { title: 'Shipped', url: '/o/1' },
    });
    expect(entryFrame(entry)).not.toMatch(/secret|acme|ann/);
  });

  it('has neither data nor notification where the entry has none', () => {
    expect(Object.keys(decoded(entryFrame(bare)))).not.toEqual(expect.arrayContaining(['data']));
    expect(Object.keys(decoded(entryFrame(bare)))).not.toEqual(expect.arrayContaining(['notification']));
  });

  it('says when it is a replay, and only then', () => {
    expect(decoded(entryFrame(bare, true))).toMatchObject({ replay: true });
    expect(decoded(entryFrame(bare))).not.toHaveProperty('replay');
  });

  it('has the id of the message, whoever the addressee is', () => {
    expect(decoded(entryFrame({ ...bare, id: entryId('01JX', log, false) }))).toMatchObject({ id: '01JX' });
  });

  it.each([
    [topicLog('acme', 'orders.eu'), 'topic:orders.eu'],
    [allLog('acme'), 'all'],
  ])('names the log %s as %s', (other, wire) => {
    expect(decoded(entryFrame({ ...bare, log: other }))).toMatchObject({ log: wire });
  });
});

function decoded(text: string): object {
  const result = decodeServerFrame(text);
  if (!result.ok) throw new Error(result.reason);
  return result.frame;
}
