/**
 * How often the clients of one network may begin a handshake: the generic cell rate algorithm (ITU-T
 * I.371), its times kept in two rows of cells that all workers share. A network has one cell in each
 * row; where another network shares one of them, the other row still tells them apart. Nothing grows
 * with the number of networks, and nothing has to be cleared.
 *
 * A cell holds the time until which the share of its network is used up, an int32 that wraps, in
 * tenths of a millisecond. Who is ahead of now by less than the burst may begin another.
 */

/** Cells of both rows together. */
export const RATE_CELLS = 65_536;
const ROW_CELLS = RATE_CELLS / 2;
const TICKS_PER_SECOND = 10_000;

export type HandshakeRate = {
  /** Handshakes per second, > 0. */
  readonly perSecond: number;
  /** Handshakes at once, ≥ 1. */
  readonly burst: number;
};

/**
 * Whether a network may begin a handshake now; counts it where it may. `cells` has RATE_CELLS
 * entries; `hash` is any int32 that stands for the network; `now` counts tenths of a millisecond of
 * a clock that all workers share, as an int32 that wraps.
 */
export function allowByRate(
  cells: Int32Array,
  hash: number,
  rate: HandshakeRate,
  now: number,
): boolean {
  const interval = Math.max(1, Math.round(TICKS_PER_SECOND / rate.perSecond));
  const depth = interval * rate.burst;
  const first = hash & (ROW_CELLS - 1);
  const second = ROW_CELLS + ((Math.imul(hash, 0x9e3779b1) >>> 17) & (ROW_CELLS - 1));
  const aheadFirst = aheadOf(cells[first]!, now, depth);
  const aheadSecond = aheadOf(cells[second]!, now, depth);
  const next = Math.min(aheadFirst, aheadSecond) + interval;
  if (next > depth) return false;
  // Only what is behind is raised: a cell may stand for another network too.
  if (aheadFirst < next) cells[first] = (now + next) | 0;
  if (aheadSecond < next) cells[second] = (now + next) | 0;
  return true;
}

/** How far a cell is ahead of now; 0 where it is behind, or as old as a wrap of the clock. */
function aheadOf(cell: number, now: number, depth: number): number {
  const ahead = (cell - now) | 0;
  return ahead < 0 || ahead > depth ? 0 : ahead;
}
