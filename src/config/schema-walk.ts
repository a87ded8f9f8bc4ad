import type { z } from 'zod';
import type { ConfigPath } from './diagnostic.ts';
import { variantsOf } from './schema/variants.ts';
import type { Variants } from './schema/variants.ts';

type Schema = z.core.$ZodType;

type Definition = {
  readonly type: string;
  readonly shape?: { readonly [key: string]: Schema };
  readonly innerType?: Schema;
  readonly in?: Schema;
  readonly options?: readonly Schema[];
  readonly element?: Schema;
  readonly valueType?: Schema;
};

/** A map of variants on the way to a place, and which of them the file has chosen. */
export type Choice = {
  readonly variants: Variants;
  /** Index of the chosen one; -1 where the word is none of the known ones. */
  readonly index: number;
  /** From the map down to the place. */
  readonly rest: ConfigPath;
};

function wordIndex({ key, fallback, words }: Variants, value: unknown): number {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isMap) return -1;
  return words.indexOf(String((value as Record<string, unknown>)[key] ?? fallback));
}

function stepInto(value: unknown, step: string | number): unknown {
  const isContainer = typeof value === 'object' && value !== null;
  return isContainer ? (value as Record<string | number, unknown>)[step] : undefined;
}

/** Follows a path through the schema beside the value that was given there. */
class Walk {
  choice: Choice | null = null;

  /** The schemas that the value may have, with defaults, pipes and unions taken away. */
  bare(schema: Schema, value: unknown, rest: ConfigPath): readonly Definition[] {
    const definition = schema._zod.def as unknown as Definition;
    const found = variantsOf(schema);
    if (found !== undefined) {
      const index = wordIndex(found, value);
      this.choice = { variants: found, index, rest };
      const chosen = found.options[index];
      if (chosen !== undefined) return this.bare(chosen, value, rest);
    }
    if (definition.innerType !== undefined) return this.bare(definition.innerType, value, rest);
    if (definition.in !== undefined) return this.bare(definition.in, value, rest);
    if (definition.options !== undefined) {
      return definition.options.flatMap((option) => this.bare(option, value, rest));
    }
    return [definition];
  }

  places(schema: Schema, root: unknown, path: ConfigPath): readonly Definition[] {
    let value = root;
    let places = this.bare(schema, value, path);
    for (const [depth, step] of path.entries()) {
      value = stepInto(value, step);
      const rest = path.slice(depth + 1);
      places = places.flatMap((place) => {
        const next = place.shape?.[String(step)] ?? place.element ?? place.valueType;
        return next === undefined ? [] : this.bare(next, value, rest);
      });
    }
    return places;
  }
}

/** Keys that the map at `path` may have by `schema`. Called for each unknown key. */
export function allowedKeys(schema: Schema, path: ConfigPath, root: unknown): readonly string[] {
  const places = new Walk().places(schema, root, path);
  return [...new Set(places.flatMap((place) => Object.keys(place.shape ?? {})))];
}

/** The innermost map of variants at or above `path`; null where there is none. */
export function choiceAt(schema: Schema, path: ConfigPath, root: unknown): Choice | null {
  const walk = new Walk();
  walk.places(schema, root, path);
  return walk.choice;
}

/** The words of the other variants that know `key` at the same place. */
export function otherVariants({ variants, index, rest }: Choice, key: string): readonly string[] {
  return variants.words.filter((_, other) => {
    const option = variants.options[other];
    if (other === index || option === undefined) return false;
    return allowedKeys(option, rest, undefined).includes(key);
  });
}
