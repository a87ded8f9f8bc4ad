/** Inclusive ranges of statuses that pass. */
type Ranges = readonly (readonly [number, number])[];

/** Whether one of the ranges has the status. */
export function isAccepted(status: number, ranges: Ranges): boolean {
  return ranges.some(([low, high]) => status >= low && status <= high);
}

/** The text for a status that is in none of the ranges. */
export function statusFault(status: number, ranges: Ranges): string {
  return `status ${status}, expected ${ranges.map(rangeText).join(', ')}`;
}

function rangeText([low, high]: readonly [number, number]): string {
  return low === high ? String(low) : `${low}-${high}`;
}
