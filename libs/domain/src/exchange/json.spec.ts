/** JSON over the bus. */
import { expect, it } from 'vitest';
import { fromJsonBytes, toJsonBytes } from './json.js';

it('comes out as it went in', () => {
  const value = { outcome: 'taken', gone: ['demo/é🙂'], n: 1.5, none: null };
  expect(fromJsonBytes(toJsonBytes(value))).toEqual(value);
});

it('refuses what is not UTF-8 or not JSON', () => {
  expect(() => fromJsonBytes(Uint8Array.of(0x22, 0xff, 0x22))).toThrow(TypeError);
  expect(() => fromJsonBytes(new TextEncoder().encode('{"a":'))).toThrow(SyntaxError);
  expect(() => fromJsonBytes(new Uint8Array())).toThrow(SyntaxError);
});
