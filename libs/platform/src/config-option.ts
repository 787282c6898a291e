/**
 * Builders of single options. Each registers beside its schema what people need to know of it: the
 * environment's name, the allowed values, a sentence. Must never read the environment itself.
 */
import { z } from 'zod';

/** What an option is to a person. `allowed` completes the sentence "give …". */
export interface OptionFacts {
  readonly env: string;
  readonly description: string;
  readonly allowed: string;
  readonly isSecret: boolean;
  readonly isList: boolean;
}

/** Facts of every option, by its schema. */
export const optionFacts = z.registry<OptionFacts>();

interface NumberRule {
  readonly min: number;
  readonly max: number;
  readonly default?: number;
}

/** A whole number. Without a default it may be absent. */
export function wholeNumber(
  env: string,
  rule: NumberRule & { readonly default: number },
  description: string,
) {
  const schema = z.int().min(rule.min).max(rule.max).default(rule.default);
  return describe(schema, env, { description, allowed: rangeOf(rule) });
}

/** A whole number whose default depends on the other options. */
export function optionalNumber(env: string, rule: NumberRule, description: string) {
  return describe(z.int().min(rule.min).max(rule.max).optional(), env, {
    description,
    allowed: rangeOf(rule),
  });
}

/** One of a closed list. */
export function choice<const V extends readonly [string, ...string[]]>(
  env: string,
  values: V,
  description: string,
) {
  return describe(z.enum(values).optional(), env, { description, allowed: `one of ${values.join(', ')}` });
}

interface TextRule {
  readonly pattern?: RegExp;
  readonly allowed: string;
  readonly isSecret?: boolean;
}

/** A text that may be absent. */
export function text(env: string, rule: TextRule, description: string) {
  const { pattern, allowed, isSecret = false } = rule;
  const schema = (
    pattern === undefined ? z.string().min(1).max(4_096) : z.string().regex(pattern)
  ).optional();
  return describe(schema, env, { description, allowed, isSecret });
}

/** Texts; in the environment separated by commas. Absent means none. */
export function list(env: string, rule: TextRule & { readonly pattern: RegExp }, description: string) {
  const schema = z.array(z.string().regex(rule.pattern)).max(1_000).optional();
  return describe(schema, env, {
    description,
    allowed: `${rule.allowed}, separated by commas`,
    isList: true,
  });
}

function rangeOf(rule: NumberRule): string {
  return `a whole number from ${rule.min} to ${rule.max}`;
}

type Described = Pick<OptionFacts, 'description' | 'allowed'> & Partial<OptionFacts>;

function describe<S extends z.ZodType>(schema: S, env: string, facts: Described): S {
  optionFacts.add(schema, { isSecret: false, isList: false, ...facts, env });
  return schema;
}
