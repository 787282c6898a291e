/** Ids of messages, fresh and from keys, and the fingerprint that tells a retry from another request. */
import { type MessageRequest, messageIdPattern } from '@carillon/api';
import { FakeClock, SeededRandom } from '@carillon/testkit';
import { describe, expect, it } from 'vitest';
import { fingerprintOf } from './fingerprint.js';
import { keyedId, MessageIds } from './message-id.js';

describe('a message id', () => {
  it('has the shape of a ULID, whose first ten digits are the time', () => {
    const ids = new MessageIds(new FakeClock(1_469_922_850_259), new SeededRandom(1));
    const id = ids.fresh();
    expect(id).toMatch(messageIdPattern);
    // The example of the ULID specification.
    expect(id.slice(4, 14)).toBe('01ARZ3NDEK');
  });

  it('sorts by time, and is another one every time', async () => {
    const clock = new FakeClock();
    const ids = new MessageIds(clock, new SeededRandom(2));
    const some: string[] = [];
    for (let count = 0; count < 200; count += 1) {
      some.push(ids.fresh());
      await clock.advance(1);
    }
    expect(some.toSorted()).toEqual(some);
    expect(new Set(Array.from({ length: 1_000 }, () => ids.fresh())).size).toBe(1_000);
  });

  it('is the same for the same tenant, principal and key, and for nothing else', () => {
    const by = { tenant: 'demo', principal: 'shop', key: 'order-771' };
    const id = keyedId(by);
    expect(id).toMatch(messageIdPattern);
    expect(keyedId({ ...by })).toBe(id);
    // For ever: what was stored under it must be found again.
    expect(id).toBe('msg_7J869V8S2WBEMDT3J6GSBBZDQJ');
    const others = [
      { ...by, tenant: 'demo2' },
      { ...by, principal: 'shop2' },
      { ...by, key: 'order-772' },
      { tenant: 'demos', principal: 'hop', key: 'order-771' },
    ];
    expect(new Set([id, ...others.map(keyedId)]).size).toBe(others.length + 1);
  });
});

describe('a fingerprint', () => {
  const request: MessageRequest = {
    to: ['user:1', 'user:2'],
    event: 'x',
    data: { a: 1, b: [{ c: 2, d: 'é' }, null] },
    ttl: '1h',
  };
  const own = fingerprintOf(request, ['user:1', 'user:2']);

  it('is the same however the same thing is written', () => {
    const again = { ttl: 3_600, data: { b: [{ d: 'é', c: 2 }, null], a: 1 }, event: 'x', to: ['user:2'] };
    expect(fingerprintOf(again, ['user:1', 'user:2'])).toBe(own);
  });

  it('differs where anything that was asked for differs', () => {
    const targets = ['user:1', 'user:2'];
    const changes: Partial<MessageRequest>[] = [
      { event: 'y' },
      { data: { a: 1, b: [null, { c: 2, d: 'é' }] } },
      { data: { a: '1', b: [{ c: 2, d: 'é' }, null] } },
      { data: undefined },
      { ttl: '2h' },
      { ttl: undefined },
      { notification: { title: 'x' } },
      { externalId: 'x' },
      { metadata: {} },
    ];
    const prints = changes.map((change) => fingerprintOf({ ...request, ...change }, targets));
    prints.push(fingerprintOf(request, ['user:1']));
    expect(new Set([own, ...prints]).size).toBe(prints.length + 1);
  });
});
