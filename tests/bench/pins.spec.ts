// Which core runs what.
import { describe, expect, it } from 'vitest';
import { coresIn, pinsFor } from './pins.ts';

describe('pins', () => {
  it('reads lists of cores as the kernel writes them', () => {
    expect(coresIn('0-2,5,8-9')).toEqual([0, 1, 2, 5, 8, 9]);
    expect(coresIn('3')).toEqual([3]);
    expect(coresIn('')).toEqual([]);
  });

  it('lets the store share the core of the client where there are two', () => {
    expect(pinsFor([0, 1], true).cores).toEqual({ server: '0', store: '1', client: '1' });
  });

  it('gives the client a core of its own where there are more', () => {
    expect(pinsFor([0, 1, 4, 5], true).cores).toEqual({ server: '0,1,4', store: '0,1,4', client: '5' });
  });

  it('pins nothing and says so where it cannot', () => {
    expect(pinsFor([0], true)).toEqual({ cores: undefined, sentence: expect.stringContaining('one core') });
    expect(pinsFor([0, 1], false)).toEqual({
      cores: undefined,
      sentence: expect.stringContaining('taskset'),
    });
  });
});
