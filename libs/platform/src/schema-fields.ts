/** Which fields a schema knows at a place, to be named where a request holds others. */
import { z } from 'zod';

/** Names of the object's fields at this path, in the schema's order; none where it is no object. */
export function fieldsAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let places = alternatives(schema);
  for (const part of path) places = places.flatMap((place) => step(place, part)).flatMap(alternatives);
  const names = places.flatMap((place) =>
    place instanceof z.ZodObject ? Object.keys(place.shape as object) : [],
  );
  return [...new Set(names)];
}

function step(schema: z.ZodType, part: PropertyKey): z.ZodType[] {
  if (schema instanceof z.ZodArray) return [schema.element as z.ZodType];
  if (schema instanceof z.ZodRecord) return [schema.valueType as z.ZodType];
  if (!(schema instanceof z.ZodObject) || typeof part !== 'string') return [];
  const shape = schema.shape as Record<string, z.ZodType>;
  return Object.hasOwn(shape, part) ? [shape[part] as z.ZodType] : [];
}

/** The schemas inside of wrappers and unions. */
function alternatives(schema: z.ZodType): z.ZodType[] {
  if (schema instanceof z.ZodUnion) return (schema.options as z.ZodType[]).flatMap(alternatives);
  if (schema instanceof z.ZodPipe) return alternatives(schema.in as z.ZodType);
  const isWrapper =
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodReadonly;
  return isWrapper ? alternatives(schema.unwrap() as z.ZodType) : [schema];
}
