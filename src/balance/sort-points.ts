/** Bits that one pass sorts by: so many streams of writes as the caches can follow. */
const PASS_BITS = 11;

/**
 * Sorts `points` in place, and `owners` with them; of equal points the first stays the first. By radix
 * over the upper 22 bits, and by insertion for what is then out of place by the rest, because a ring
 * is made between two requests.
 */
export function sortPoints(points: Uint32Array, owners: Uint16Array): void {
  const given = { points, owners };
  const other = {
    points: new Uint32Array(points.length),
    owners: new Uint16Array(points.length),
  };
  sortByPart(given, other, 32 - 2 * PASS_BITS);
  sortByPart(other, given, 32 - PASS_BITS);
  for (let i = 1; i < points.length; i++) {
    const point = points[i]!;
    if (points[i - 1]! <= point) continue;
    const owner = owners[i]!;
    let at = i;
    for (; at > 0 && points[at - 1]! > point; at--) {
      points[at] = points[at - 1]!;
      owners[at] = owners[at - 1]!;
    }
    points[at] = point;
    owners[at] = owner;
  }
}

type Points = { readonly points: Uint32Array; readonly owners: Uint16Array };

/** Writes what is in `from` to `to`, in the order of the bits from `shift` on. */
function sortByPart(from: Points, to: Points, shift: number): void {
  const { points, owners } = from;
  const sortedPoints = to.points;
  const sortedOwners = to.owners;
  const mask = (1 << PASS_BITS) - 1;
  const ends = new Uint32Array(mask + 2);
  for (let i = 0; i < points.length; i++) ends[((points[i]! >>> shift) & mask) + 1]!++;
  for (let i = 1; i < ends.length; i++) ends[i]! += ends[i - 1]!;
  for (let i = 0; i < points.length; i++) {
    const point = points[i]!;
    const at = ends[(point >>> shift) & mask]!++;
    sortedPoints[at] = point;
    sortedOwners[at] = owners[i]!;
  }
}
