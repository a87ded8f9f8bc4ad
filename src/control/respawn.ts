/**
 * How long to wait before a dead worker's successor starts.
 *
 * A worker that served for a while is replaced at once, however often that happens: a crash every
 * second is bad, but waiting makes it worse. Only processes that die as soon as they begin are held
 * back, because replacing those at full speed would burn a core and help nobody.
 */

/** A worker that lived for less than this after its start died "at once", in ms. */
export const QUICK_DEATH_MS = 500;
/** Deaths at once in a row that are forgiven without any wait. */
export const QUICK_DEATHS_FREE = 2;
/** First wait; each further death at once doubles it, in ms. */
export const BACKOFF_FIRST_MS = 100;
/** Longest wait, in ms. */
export const BACKOFF_MAX_MS = 5_000;

/** Counts deaths at once in a row. Pure: no clock of its own. */
export class Respawn {
  #quickDeaths = 0;

  /** Deaths at once since the last worker that lived. */
  get quickDeaths(): number {
    return this.#quickDeaths;
  }

  /** Notes a death after `livedMs`; returns how long to wait before the successor starts, in ms. */
  died(livedMs: number): number {
    if (livedMs >= QUICK_DEATH_MS) {
      this.#quickDeaths = 0;
      return 0;
    }
    this.#quickDeaths += 1;
    const step = this.#quickDeaths - QUICK_DEATHS_FREE - 1;
    return step < 0 ? 0 : Math.min(BACKOFF_FIRST_MS * 2 ** step, BACKOFF_MAX_MS);
  }
}
