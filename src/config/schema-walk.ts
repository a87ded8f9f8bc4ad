import type { z } from 'zod';
import type { ConfigPath } from './diagnostic.ts';

type Definition = {
  readonly type: string;
  readonly shape?: { readonly [key: string]: z.core.$ZodType };
  readonly innerType?: z.core.$ZodType;
  readonly in?: z.core.$ZodType;
  readonly options?: readonly z.core.$ZodType[];
  readonly element?: z.core.$ZodType;
  readonly valueType?: z.core.$ZodType;
};

/** The schemas that a value may have, with defaults, pipes and unions taken away. */
function bare(schema: z.core.$ZodType): readonly Definition[] {
  const definition = schema._zod.def as unknown as Definition;
  if (definition.innerType !== undefined) return bare(definition.innerType);
  if (definition.in !== undefined) return bare(definition.in);
  if (definition.options !== undefined) return definition.options.flatMap(bare);
  return [definition];
}

function inner(definition: Definition, step: string | number): readonly Definition[] {
  const next = definition.shape?.[String(step)] ?? definition.element ?? definition.valueType;
  return next === undefined ? [] : bare(next);
}

/** Keys that the map at `path` may have by `schema`. Called for each unknown key. */
export function allowedKeys(schema: z.core.$ZodType, path: ConfigPath): readonly string[] {
  let places = bare(schema);
  for (const step of path) places = places.flatMap((place) => inner(place, step));
  return [...new Set(places.flatMap((place) => Object.keys(place.shape ?? {})))];
}
