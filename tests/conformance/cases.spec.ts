// The list of cases itself: it can be read as a table only if every name is there once.
import { expect, it } from 'vitest';
import { allCases } from './all-cases.ts';

it('has no two cases of one name', () => {
  const names = allCases.map(({ group, name }) => `${group}: ${name}`);
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
});

it('names an outcome for every case', () => {
  expect(allCases.filter(({ expected }) => expected.length === 0)).toEqual([]);
});
