import { z } from 'zod';
import type { Scalar } from './scalar.ts';

/** A map whose keys depend on the word under one of them, as those of a listener on `protocol`. */
export type Variants = {
  /** What the map describes, as `listener`. */
  readonly noun: string;
  /** The key that decides. */
  readonly key: string;
  /** The word that stands where the key is left out. */
  readonly fallback: string;
  readonly words: readonly string[];
  /** The map for each word, in the order of `words`. */
  readonly options: readonly z.core.$ZodType[];
  /** Reads the word itself, for the diagnostic where it is none of `words`. */
  readonly word: Scalar<string>;
};

const registry = new WeakMap<z.core.$ZodType, Variants>();

/** What `variants` was given for this very schema; undefined for other schemas. */
export function variantsOf(schema: z.core.$ZodType): Variants | undefined {
  return registry.get(schema);
}

/**
 * A union of maps told apart by the word under one key. Mistakes are reported for that map alone
 * whose word is given, and a key of another one says to which it belongs.
 */
export function variants<const T extends readonly z.core.$ZodType[]>(
  description: string,
  { options, ...rest }: Omit<Variants, 'options'> & { readonly options: T },
) {
  const schema = z.union(options).meta({ description });
  registry.set(schema, { ...rest, options });
  return schema;
}
