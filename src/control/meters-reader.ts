/** Reads the meter segments of all workers as one. */
import { SLOT_FIELDS } from '../base/meters.ts';
import type { Segments } from './segments.ts';

export class MetersReader {
  readonly #segments: Segments;

  constructor(segments: Segments) {
    this.#segments = segments;
  }

  /** One field of a slot, summed over all segments. */
  sum(slot: number, field: number): number {
    const at = slot * SLOT_FIELDS + field;
    let total = 0;
    for (const { values } of this.#segments.all) total += values[at]!;
    return total;
  }

  /** `count` neighbouring fields of a slot from `field` on, each summed over all segments. */
  sums(slot: number, field: number, count: number): number[] {
    return Array.from({ length: count }, (_, place) => this.sum(slot, field + place));
  }
}
