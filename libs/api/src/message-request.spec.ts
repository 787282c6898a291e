/** What a producer may ask for, and how every wrong field is named. */
import { limits } from '@carillon/wire';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { batchItemSchema, batchRequestSchema, messageRequestSchema } from './message-request.js';
import { type Ttl, ttlMs } from './ttl.js';

const least = { to: 'user:42', event: 'hello' };

describe('a message request', () => {
  it('needs no more than a user and an event', () => {
    expect(messageRequestSchema.parse(least)).toEqual(least);
  });

  it('takes every field and gives it back as it was sent', () => {
    const whole = {
      to: ['user:42', 'user:a.b@c:d-e_f'],
      event: 'order.paid',
      data: { orderId: 771, lines: [1, null, 'é'] },
      notification: { title: 'Paid', body: 'Order 771', url: '/orders/771?x=1#y' },
      ttl: '1h',
      externalId: 'erp 991/7',
      metadata: { region: 'eu' },
    };
    expect(messageRequestSchema.parse(whole)).toEqual(whole);
  });

  it('takes null, false and an empty text as data', () => {
    for (const data of [null, false, '', 0]) expect(accepts({ data })).toBe(true);
  });

  it('takes a topic or all, alone and not in a list', () => {
    for (const to of ['topic:orders.eu', 'all']) expect(accepts({ to })).toBe(true);
    expect(codes({ to: ['user:1', 'all'] })).toEqual(['/to/1 not_allowed']);
    expect(codes({ to: ['topic:a'] })).toEqual(['/to/0 not_allowed']);
    for (const to of ['topic:', 'topic:a b', 'All', 'all:x', `topic:${'x'.repeat(129)}`])
      expect(codes({ to })).toEqual(['/to bad_format']);
  });

  it('takes a delay of 1 s to 90 d, or a time with a zone, and not both', () => {
    for (const delay of [1, '30m', '90d']) expect(accepts({ delay })).toBe(true);
    for (const delay of [0, '0s', '91d', -1]) expect(codes({ delay })).toEqual(['/delay out_of_range']);
    expect(codes({ delay: 'soon' })).toEqual(['/delay bad_format']);
    for (const sendAt of ['2027-01-15T08:00:00Z', '2027-01-15T08:00:00.250+02:00'])
      expect(accepts({ sendAt })).toBe(true);
    for (const sendAt of ['2027-01-15', '2027-01-15T08:00:00', 'tomorrow', 1_800_000_000])
      expect(accepts({ sendAt })).toBe(false);
    expect(codes({ delay: '1m', sendAt: '2027-01-15T08:00:00Z' })).toEqual(['/sendAt not_allowed']);
  });

  it('takes a collapse key of one line', () => {
    for (const collapseKey of ['order-771', 'ä b', 'x'.repeat(128)])
      expect(accepts({ collapseKey })).toBe(true);
    for (const collapseKey of ['', 'a\nb', 'x'.repeat(129), 7]) expect(accepts({ collapseKey })).toBe(false);
  });

  it('takes a ttl of 0 with nothing that would need the message to be kept', () => {
    for (const ttl of [0, '0s', '0d']) expect(accepts({ ttl })).toBe(true);
    expect(codes({ ttl: 0, delay: '1m' })).toEqual(['/delay not_allowed']);
    expect(codes({ ttl: '0m', sendAt: '2027-01-15T08:00:00Z' })).toEqual(['/sendAt not_allowed']);
    expect(codes({ ttl: 0, collapseKey: 'a' })).toEqual(['/collapseKey not_allowed']);
  });

  it('refuses targets that are no names', () => {
    for (const to of [
      'user:',
      'user:a/b',
      `user:${'x'.repeat(129)}`,
      '42',
      'user:a\u0000',
      'user:a\n',
      'User:1',
    ]) {
      expect(codes({ to })).toEqual(['/to bad_format']);
    }
    expect(accepts({ to: [] })).toBe(false);
    expect(accepts({ to: 42 })).toBe(false);
  });

  it(`takes a list of ${limits.recipientsMax} users and not one more`, () => {
    const users = Array.from({ length: limits.recipientsMax }, (_, index) => `user:${index}`);
    expect(accepts({ to: users })).toBe(true);
    expect(accepts({ to: [...users, 'user:x'] })).toBe(false);
  });

  it('takes data of 64 KiB and 32 levels and no more', () => {
    const text = 'x'.repeat(limits.dataBytesMax - 2);
    expect(accepts({ data: text })).toBe(true);
    expect(codes({ data: `${text}x` })).toEqual(['/data too_long']);
    expect(codes({ data: 'é'.repeat(limits.dataBytesMax / 2) })).toEqual(['/data too_long']);
    expect(accepts({ data: nested(limits.jsonDepthMax) })).toBe(true);
    expect(codes({ data: nested(limits.jsonDepthMax + 1) })).toEqual(['/data out_of_range']);
    expect(codes({ data: nested(5_000) })).toEqual(['/data out_of_range']);
    expect(codes({ data: [JSON.parse('1e999')] })).toEqual(['/data out_of_range']);
  });

  it('takes a ttl of 1 s to 28 d in any unit', () => {
    for (const ttl of [1, '1s', '90m', '7d', 2_419_200, '28d']) expect(accepts({ ttl })).toBe(true);
    expect(['90m', 30, '7d'].map((each) => ttlMs(each as Ttl))).toEqual([5_400_000, 30_000, 604_800_000]);
    for (const ttl of [-1, 0.5, 2_419_201, '29d', '999999999d'])
      expect(codes({ ttl })).toEqual(['/ttl out_of_range']);
    for (const ttl of ['1 h', 'h', '1.5h', '1h ', '', '1w', 1.0001]) {
      expect(codes({ ttl })).toEqual(['/ttl bad_format']);
    }
  });

  it('takes only addresses that a browser cannot run', () => {
    for (const url of [
      'https://shop.example/a?b',
      'http://x',
      '/orders/1',
      'orders/1',
      '../x',
      '?q=1',
      '#top',
    ]) {
      expect(accepts({ notification: { title: 'x', url } })).toBe(true);
    }
    const hostile = [
      'javascript:alert(1)',
      'JaVaScRiPt:x',
      'data:text/html,x',
      ' javascript:x',
      'java\tscript:x',
    ];
    for (const url of [
      ...hostile,
      '//evil.example',
      'https:evil',
      '\\\\evil',
      'vbscript:x',
      'https:///x',
      '',
    ]) {
      expect(accepts({ notification: { title: 'x', url } })).toBe(false);
    }
  });

  it('refuses unknown fields, also inside of others', () => {
    const { error } = messageRequestSchema.safeParse({
      ...least,
      priority: 1,
      channel: 'x',
      notification: { title: 'x', icon: 'y' },
    });
    const unknown = error?.issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys : []));
    expect(unknown?.sort()).toEqual(['channel', 'icon', 'priority']);
  });

  it('names every wrong field at once', () => {
    const { error } = messageRequestSchema.safeParse({
      to: 'topic:a b',
      event: 'a b',
      ttl: -1,
      externalId: 'a\nb',
      metadata: { region: 1 },
      notification: {},
    });
    const paths = error?.issues.map((issue) => issue.path.join('/')).sort();
    const all = ['event', 'externalId', 'metadata/region', 'notification/title', 'to', 'ttl'];
    expect(paths).toEqual(all);
  });

  it('refuses texts that a store could not give back', () => {
    expect(accepts({ externalId: '\ud800' })).toBe(false);
    expect(accepts({ metadata: { a: '\udfff' } })).toBe(false);
    expect(
      accepts({ metadata: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`k${i}`, ''])) }),
    ).toBe(false);
  });
});

describe('a batch', () => {
  it('has items with their own keys', () => {
    expect(batchItemSchema.safeParse({ ...least, idempotencyKey: 'order-771 paid' }).success).toBe(true);
    for (const idempotencyKey of ['', 'x'.repeat(256), 'é', 'a\n', 7]) {
      expect(batchItemSchema.safeParse({ ...least, idempotencyKey }).success).toBe(false);
    }
  });

  it('can be described as JSON Schema', () => {
    const described = z.toJSONSchema(batchRequestSchema);
    expect(JSON.stringify(described)).toContain('^user:[A-Za-z0-9._:@-]{1,128}$');
    expect(described).toMatchObject({ additionalProperties: false });
  });
});

function accepts(fields: object): boolean {
  return messageRequestSchema.safeParse({ ...least, ...fields }).success;
}

/**
 * `/path code` of every issue, where the schema names a code of ours; of a union that of its only candidate.
 */
function codes(fields: object): string[] {
  const { error } = messageRequestSchema.safeParse({ ...least, ...fields });
  return (error?.issues ?? []).flatMap((issue) => {
    const inner = issue.code === 'invalid_union' ? issue.errors.flat() : [issue];
    return inner.flatMap((each) =>
      each.code === 'custom'
        ? [`/${[...issue.path, ...(each === issue ? [] : each.path)].join('/')} ${each.params?.code}`]
        : [],
    );
  });
}

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = level % 2 ? [value] : { a: value };
  return value;
}
