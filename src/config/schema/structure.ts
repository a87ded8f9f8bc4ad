import { z } from 'zod';

/** A map with known keys: any other key is refused with a suggestion. */
export function section<S extends z.core.$ZodShape>(description: string, shape: S) {
  return z.strictObject(shape).meta({ description });
}

/** A section that may be left out: each of its keys has a default. */
export function optionalSection<S extends z.core.$ZodShape>(description: string, shape: S) {
  return z
    .strictObject(shape)
    .prefault({} as never)
    .meta({ description });
}

/** A list with at least one entry. */
export function list<T extends z.core.SomeType>(description: string, element: T) {
  return z.array(element).min(1).meta({ description });
}

/** One value, or a list with at least one; read as a list either way. */
export function oneOrMany<T extends z.ZodType>(description: string, element: T) {
  return (
    z
      // Marked before the union: the value of one element may be an array itself.
      .union([element.transform((one) => ({ one })), z.array(element).min(1)])
      .transform((value) => (Array.isArray(value) ? value : [value.one]) as z.output<T>[])
      .meta({ description })
  );
}

/** A map whose keys the reader of the file chooses. */
export function named<K extends z.core.$ZodRecordKey, T extends z.core.SomeType>(
  description: string,
  key: K,
  value: T,
) {
  return z.record(key, value).meta({ description });
}
