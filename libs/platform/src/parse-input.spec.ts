/** Proves that every wrong field is named, and no value repeated. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseInput } from './parse-input.js';
import { type FieldFault, Problem } from './problem.js';

const name = z.string().regex(/^[a-z]{1,8}$/, 'A name has 1 to 8 small letters');
const schema = z.strictObject({
  to: z.union([name, z.array(name).min(1).max(3)]),
  event: name,
  ttl: z.int().min(0).max(10).optional(),
  kind: z.enum(['loud', 'quiet']).optional(),
  notification: z.strictObject({ title: z.string().max(5), url: z.string().optional() }).optional(),
  data: z.unknown().optional(),
});

function faultsOf(input: unknown): readonly FieldFault[] {
  try {
    parseInput(schema, input);
  } catch (error) {
    if (error instanceof Problem && error.code === 'validation_failed') return error.errors ?? [];
    throw error;
  }
  return [];
}

const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth));

describe('parseInput', () => {
  it('gives back what fits', () => {
    expect(parseInput(schema, { to: 'ann', event: 'hello' })).toEqual({ to: 'ann', event: 'hello' });
  });

  it('names every wrong field at once, by pointer and code', () => {
    const faults = faultsOf({
      to: ['ann', 'BOB'],
      ttl: 11,
      kind: 'shrill',
      notification: { title: 'too long', href: '/' },
      colour: 'red',
    });
    expect(Object.fromEntries(faults.map(({ pointer, code }) => [pointer, code]))).toEqual({
      '/colour': 'unknown_field',
      '/event': 'required',
      '/kind': 'not_allowed',
      '/notification/href': 'unknown_field',
      '/notification/title': 'too_long',
      '/to/1': 'bad_format',
      '/ttl': 'out_of_range',
    });
  });

  it('says what is allowed', () => {
    const detailOf = (input: object) => faultsOf({ to: 'ann', event: 'hello', ...input })[0]?.detail;
    expect(detailOf({ kind: 'shrill' })).toContain('"loud"|"quiet"');
    expect(detailOf({ notification: { title: 'a', href: '/' } })).toBe(
      'This field is not known; known are title, url',
    );
    expect(detailOf({ colour: 'red' })).toContain('known are to, event, ttl, kind, notification, data');
    expect(detailOf({ event: 'HELLO' })).toBe('A name has 1 to 8 small letters');
    expect(detailOf({ ttl: 11 })).toContain('10');
  });

  it('tells which kinds of value a field takes when none fits', () => {
    expect(faultsOf({ to: 7, event: 'hello' })).toEqual([
      { pointer: '/to', code: 'wrong_type', detail: expect.stringMatching(/string.*; or .*array/) },
    ]);
    expect(faultsOf({ event: 'hello' })).toMatchObject([{ pointer: '/to', code: 'required' }]);
    expect(faultsOf([])).toMatchObject([{ pointer: '', code: 'wrong_type' }]);
    expect(faultsOf(undefined)).toMatchObject([{ pointer: '', code: 'required' }]);
  });

  it('counts too many items as too many', () => {
    expect(faultsOf({ to: ['a', 'b', 'c', 'd'], event: 'hello' })).toMatchObject([
      { pointer: '/to', code: 'too_many' },
    ]);
  });

  it('never repeats a value', () => {
    const faults = faultsOf({
      to: 'CANARY',
      event: 'CANARY',
      ttl: 'CANARY',
      kind: 'CANARY',
      notification: 'CANARY',
    });
    expect(faults).toHaveLength(5);
    expect(JSON.stringify(faults)).not.toContain('CANARY');
  });

  it('writes pointers as RFC 6901 does', () => {
    expect(faultsOf({ to: 'ann', event: 'hello', 'a/b~c': 1 })[0]?.pointer).toBe('/a~1b~0c');
  });

  it('takes 32 levels and refuses 33, without recursing', () => {
    const withData = (depth: number) => ({ to: 'ann', event: 'hello', data: nested(depth) });
    expect(faultsOf(withData(31))).toEqual([]);
    expect(faultsOf(withData(32))).toEqual([
      { pointer: '', code: 'out_of_range', detail: 'Nest at most 32 levels deep' },
    ]);
    expect(faultsOf(withData(100_000))).toHaveLength(1);
  });

  it('lists at most 1,000 faults, so that an answer is not larger than its request', () => {
    const input = Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`x${at}`, 1]));
    expect(faultsOf({ to: 'ann', event: 'hello', ...input })).toHaveLength(1_000);
  });

  it('puts a given pointer before its own', () => {
    expect(() => parseInput(schema, { to: 'ann' }, { pointer: '/3' })).toThrow(
      expect.objectContaining({ errors: [expect.objectContaining({ pointer: '/3/event' })] }),
    );
  });

  it('takes the code that a check of the schema names', () => {
    const checked = z.strictObject({ a: z.string() }).superRefine((_value, context) => {
      context.addIssue({ code: 'custom', path: ['a'], message: 'Too old', params: { code: 'out_of_range' } });
    });
    expect(() => parseInput(checked, { a: '' })).toThrow(
      expect.objectContaining({ errors: [{ pointer: '/a', code: 'out_of_range', detail: 'Too old' }] }),
    );
  });
});
