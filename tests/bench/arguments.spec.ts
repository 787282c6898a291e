// What the bench may be asked for.
import { describe, expect, it } from 'vitest';
import { readArguments } from './arguments.ts';

const known = ['fan-out', 'chain', 'acks'];

describe('arguments of the bench', () => {
  it('measures everything five times unless told otherwise', () => {
    expect(readArguments([], known)).toEqual({
      scenarios: known,
      rounds: 5,
      isQuick: false,
      isHuge: false,
      page: undefined,
      isList: false,
    });
  });

  it('keeps the order of the page, whatever the order of the names', () => {
    expect(readArguments(['acks', 'fan-out'], known).scenarios).toEqual(['fan-out', 'acks']);
  });

  it('makes fewer rounds for a look, but as many as are asked for', () => {
    expect(readArguments(['--quick'], known).rounds).toBe(2);
    expect(readArguments(['--quick', '--rounds', '7'], known).rounds).toBe(7);
  });

  it('refuses a scenario that does not exist by name, with those that do', () => {
    expect(() => readArguments(['fan-out', 'chian'], known)).toThrow(/chian.*fan-out, chain, acks/);
  });

  it.each(['0', '-1', '1.5', 'many', '101'])('refuses %s rounds', (rounds) => {
    expect(() => readArguments([`--rounds=${rounds}`], known)).toThrow(RangeError);
  });

  it('refuses an option that does not exist with those that do', () => {
    expect(() => readArguments(['--round', '5'], known)).toThrow(/--rounds N, --quick/);
  });
});
