import { CR, LF } from './ascii.ts';

/**
 * Whether `bytes[start..end)` may hold the end of a head: an empty line, however it is written.
 * `from` is where the bytes begin that the last call did not see.
 *
 * A parser starts again for each read of an incomplete head. A caller who asks this first, and
 * otherwise parses only when the size has doubled or reached the limit, spends time in proportion
 * to the bytes even on a client that sends them one by one.
 */
export function mayEndHead(bytes: Uint8Array, start: number, from: number, end: number): boolean {
  for (let i = from; i < end; i++) {
    if (bytes[i] !== LF) continue;
    if (i - 1 >= start && bytes[i - 1] === LF) return true;
    if (i - 2 >= start && bytes[i - 1] === CR && bytes[i - 2] === LF) return true;
  }
  return false;
}
