// Two JSON Schemas of the same thing, before and after: what a caller may no longer send, or can no longer
// count on in an answer. Understands what zod writes.
import type { JsonObject, OperationFinder } from './operation-finder.ts';

type Direction = 'request' | 'reply';
type Names = Readonly<Record<string, JsonObject>>;

/** Deeper than any schema of ours. */
const depthMax = 24;
const upperBounds = ['maxLength', 'maxItems', 'maxProperties', 'maximum', 'exclusiveMaximum'];
const lowerBounds = ['minLength', 'minItems', 'minProperties', 'minimum', 'exclusiveMinimum'];

export class Side {
  readonly direction: Direction;
  readonly before: OperationFinder;
  readonly after: OperationFinder;

  constructor(direction: Direction, before: OperationFinder, after: OperationFinder) {
    this.direction = direction;
    this.before = before;
    this.after = after;
  }

  /** What broke between the schemas at two pointers, as sentences that begin with the name. */
  changes(name: string, before: string, after: string): string[] {
    const [old, now] = [this.before.at(before)?.value, this.after.at(after)?.value];
    return old === undefined || now === undefined ? [] : this.#compare({ name, old, now, depth: 0 });
  }

  #compare({ name, depth, ...pair }: Pair): string[] {
    if (depth > depthMax) return [];
    const old = alternativesOf(pair.old, this.before);
    const now = alternativesOf(pair.now, this.after);
    const [onlyOld, onlyNow] = [old[0], now[0]];
    if (old.length === 1 && now.length === 1 && onlyOld && onlyNow)
      return this.#comparePlain({ name, depth, old: onlyOld, now: onlyNow });
    const lost = old.flatMap((each) => this.#closest({ name, depth, old: each }, now));
    return this.direction === 'request' ? lost : [...lost, ...newKinds(name, old, now)];
  }

  /** What broke against the alternative that is most alike. */
  #closest({ name, depth, old }: Omit<Pair, 'now'>, alternatives: readonly JsonObject[]): string[] {
    const all = alternatives
      .filter((each) => marksAgree(old, each))
      .map((now) => this.#comparePlain({ name, depth, old, now }));
    const [best] = all.sort((one, other) => one.length - other.length);
    return best ?? [`${name}: a ${kindOf(old)} is not among the alternatives any more`];
  }

  #comparePlain(pair: Pair): string[] {
    const { name, old, now } = pair;
    const typed = typeChange(pair, this.direction);
    if (typed !== undefined) return [typed];
    return [
      ...enumChanges(pair, this.direction),
      ...(this.direction === 'request' ? boundChanges(pair) : []),
      ...this.#fieldChanges(pair),
      ...this.#memberChanges(pair, 'items', '/0'),
      ...this.#memberChanges(pair, 'additionalProperties', '/*'),
      ...requiredChanges(name, [listOf(old.required), listOf(now.required)], this.direction),
    ];
  }

  #fieldChanges({ name, old, now, depth }: Pair): string[] {
    const fields = (now.properties ?? {}) as Names;
    return Object.entries((old.properties ?? {}) as Names).flatMap(([field, schema]) => {
      const match = fields[field];
      const what = `${name}/${field}`;
      if (match === undefined) return [`${what}: is gone`];
      return this.#compare({ name: what, old: schema, now: match, depth: depth + 1 });
    });
  }

  #memberChanges({ name, old, now, depth }: Pair, keyword: string, place: string): string[] {
    const [before, after] = [old[keyword], now[keyword]];
    if (keyword === 'additionalProperties' && after === false && before !== false)
      return this.direction === 'request' ? [`${name}: unknown fields are refused now`] : [];
    if (!isObject(before) || !isObject(after)) return [];
    return this.#compare({ name: `${name}${place}`, old: before, now: after, depth: depth + 1 });
  }
}

interface Pair {
  readonly name: string;
  readonly old: JsonObject;
  readonly now: JsonObject;
  readonly depth: number;
}

/** Its `anyOf` or `oneOf`, one for each of its types; references are followed, `allOf` is put together. */
function alternativesOf(schema: JsonObject, finder: OperationFinder): JsonObject[] {
  const plain = merged(schema, finder);
  const choices = (plain.anyOf ?? plain.oneOf) as readonly JsonObject[] | undefined;
  if (choices !== undefined) return choices.flatMap((each) => alternativesOf(each, finder));
  return Array.isArray(plain.type) ? plain.type.map((type) => ({ ...plain, type: type as string })) : [plain];
}

function merged(schema: JsonObject, finder: OperationFinder): JsonObject {
  if (typeof schema.$ref === 'string') {
    const found = finder.at(schema.$ref.replace(/^#/, ''));
    return found === undefined ? {} : merged(found.value, finder);
  }
  if (!Array.isArray(schema.allOf)) return schema;
  const parts = (schema.allOf as JsonObject[]).map((part) => merged(part, finder));
  const properties: Record<string, JsonObject> = {};
  for (const part of parts) {
    for (const [field, of] of Object.entries((part.properties ?? {}) as Names))
      properties[field] = { ...properties[field], ...of };
  }
  const required = parts.flatMap((part) => listOf(part.required));
  return Object.assign({}, ...parts, { properties, required }) as JsonObject;
}

function typeChange({ name, old, now }: Pair, direction: Direction): string | undefined {
  const [before, after] = [kindOf(old), kindOf(now)];
  const [narrow, wide] = direction === 'request' ? [before, after] : [after, before];
  const fits = wide === 'anything' || narrow === wide || (narrow === 'integer' && wide === 'number');
  return fits ? undefined : `${name}: was ${before}, is ${after}`;
}

function newKinds(name: string, old: readonly JsonObject[], now: readonly JsonObject[]): string[] {
  const known = new Set(old.map(kindOf));
  if (known.has('anything')) return [];
  const kinds = new Set(now.map(kindOf).filter((kind) => !known.has(kind)));
  return [...kinds].map((kind) => `${name}: may be ${kind} now`);
}

function enumChanges({ name, old, now }: Pair, direction: Direction): string[] {
  const [before, after] = [valuesOf(old), valuesOf(now)];
  if (after === undefined) return [];
  if (before === undefined) return direction === 'request' ? [`${name}: takes only some values now`] : [];
  const lost = before.filter((value) => !after.includes(value));
  return lost.map((value) => `${name}: ${JSON.stringify(value)} is gone`);
}

function boundChanges({ name, old, now }: Pair): string[] {
  const isTighter = (keyword: string, sign: 1 | -1) =>
    now[keyword] !== undefined &&
    (old[keyword] === undefined || sign * Number(now[keyword]) < sign * Number(old[keyword]));
  const tighter = [
    ...upperBounds.filter((keyword) => isTighter(keyword, 1)),
    ...lowerBounds.filter((keyword) => isTighter(keyword, -1)),
  ].map((keyword) => `${name}: ${keyword} was ${boundOf(old, keyword)}, is ${boundOf(now, keyword)}`);
  const isNew = (keyword: string) => old[keyword] === undefined && now[keyword] !== undefined;
  const formed = ['pattern', 'format'].filter(isNew).map((keyword) => `${name}: has a ${keyword} now`);
  return [...tighter, ...formed];
}

function boundOf(schema: JsonObject, keyword: string): string {
  return schema[keyword] === undefined ? 'free' : JSON.stringify(schema[keyword]);
}

function requiredChanges(
  name: string,
  [old, now]: readonly [readonly string[], readonly string[]],
  direction: Direction,
): string[] {
  if (direction === 'request') {
    return now.filter((field) => !old.includes(field)).map((field) => `${name}/${field}: is now required`);
  }
  return old
    .filter((field) => !now.includes(field))
    .map((field) => `${name}/${field}: is not always there any more`);
}

/** Alternatives that are told apart by constants are compared with their own kind. */
function marksAgree(old: JsonObject, now: JsonObject): boolean {
  const marks = (schema: JsonObject) =>
    Object.entries((schema.properties ?? {}) as Names).filter(([, { const: mark }]) => mark !== undefined);
  const other = new Map(marks(now).map(([field, { const: mark }]) => [field, mark]));
  return marks(old).every(([field, { const: mark }]) => !other.has(field) || other.get(field) === mark);
}

function kindOf(schema: JsonObject): string {
  if (typeof schema.type === 'string') return schema.type;
  const [value] = valuesOf(schema) ?? [];
  if (value !== undefined) return value === null ? 'null' : typeof value;
  return 'properties' in schema ? 'object' : 'anything';
}

function valuesOf(schema: JsonObject): readonly unknown[] | undefined {
  if ('const' in schema) return [schema.const];
  return Array.isArray(schema.enum) ? schema.enum : undefined;
}

function listOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? (value as string[]) : [];
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null;
}
