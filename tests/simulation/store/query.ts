/**
 * The part of MongoDB's language that the real adapters of the simulated roles speak: filters, updates,
 * sorts. Anything else must throw, so that a new operator is noticed.
 */
import type { Doc } from './view.js';

type Plain = Readonly<Record<string, unknown>>;
type Operator = (value: never, bound: never) => boolean;

const operators: Readonly<Record<string, Operator>> = {
  $in: (value: unknown, bound: readonly unknown[]) => bound.includes(value),
  $gt: (value: number, bound: number) => value > bound,
  $gte: (value: number, bound: number) => value >= bound,
  $lt: (value: number, bound: number) => value < bound,
  $lte: (value: number, bound: number) => value <= bound,
  $exists: (value: unknown, bound: boolean) => (value !== undefined) === bound,
};

export function matches(doc: Plain, filter: Plain): boolean {
  return Object.entries(filter).every(([field, wanted]) => {
    if (field === '$or') return (wanted as readonly Plain[]).some((one) => matches(doc, one));
    return isSo(doc[field], wanted);
  });
}

function isSo(value: unknown, wanted: unknown): boolean {
  if (wanted === null) return value === undefined || value === null;
  if (typeof wanted !== 'object') return value === wanted;
  return Object.entries(wanted as Plain).every(([name, bound]) => {
    const operator = operators[name];
    if (!operator) throw new TypeError(`the simulation does not know the operator ${name}`);
    return operator(value as never, bound as never);
  });
}

/** What an update makes of a document: one step, or several as a pipeline. */
export function updated(doc: Doc, update: Plain | readonly Plain[]): Doc {
  return [update].flat().reduce<Doc>((made, step) => stepOf(made, step as Plain), doc);
}

function stepOf(doc: Doc, step: Plain): Doc {
  const made: Record<string, unknown> = { ...doc };
  for (const [name, what] of Object.entries(step)) {
    if (name === '$set')
      for (const [field, value] of Object.entries(what as Plain)) made[field] = setTo(doc, value);
    else if (name === '$unset') for (const path of what as readonly string[]) unset(made, path.split('.'));
    else throw new TypeError(`the simulation does not know the update ${name}`);
  }
  return made as Doc;
}

function setTo(doc: Doc, value: unknown): unknown {
  const choice = (value as { readonly $ifNull?: readonly [string, unknown] } | null)?.$ifNull;
  return choice ? (doc[choice[0].slice(1)] ?? choice[1]) : value;
}

function unset(made: Record<string, unknown>, [field = '', ...rest]: readonly string[]): void {
  if (rest.length === 0) delete made[field];
  else if (made[field] !== undefined) {
    const inner = { ...(made[field] as Record<string, unknown>) };
    unset(inner, rest);
    made[field] = inner;
  }
}

/** Whether the two differ in anything that can be seen. */
export function differs(one: Doc, other: Doc): boolean {
  return JSON.stringify(one) !== JSON.stringify(other);
}

export function sorted<R extends Plain>(
  rows: readonly R[],
  by: Readonly<Record<string, number>>,
): readonly R[] {
  return rows.toSorted((one, other) => {
    for (const [field, direction] of Object.entries(by)) {
      const [left, right] = [one[field] as number, other[field] as number];
      if (left !== right) return left < right ? -direction : direction;
    }
    return 0;
  });
}
