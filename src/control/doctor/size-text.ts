/** Sizes as people read them. */

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** `512 MiB`, `1.5 GiB`; at most one digit behind the point. */
export function sizeText(bytes: number): string {
  if (!Number.isFinite(bytes)) return 'unlimited';
  let unit = 0;
  let value = bytes;
  while (value >= 1_024 && unit < UNITS.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  return `${Number(value.toFixed(1))} ${UNITS[unit]}`;
}
