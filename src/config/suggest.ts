/** Longest list of allowed words that a hint prints in full. */
const LIST_MAX = 24;

/**
 * Number of insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`
 * (restricted Damerau-Levenshtein distance). Called once per allowed word of a mistake.
 */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, beforeLast[j - 2]! + 1);
      }
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}

/**
 * The allowed word that `given` was probably meant to be: the nearest one, or the only one that it
 * is the beginning of; null where there is none.
 */
export function nearest(given: string, allowed: readonly string[]): string | null {
  const wanted = given.toLowerCase().replaceAll(/[-_]/g, '');
  const limit = Math.max(1, Math.floor(wanted.length / 3));
  let best: string | null = null;
  let bestDistance = limit + 1;
  for (const word of allowed) {
    const plain = word.toLowerCase().replaceAll(/[-_]/g, '');
    if (Math.abs(plain.length - wanted.length) >= bestDistance) continue;
    const distance = editDistance(wanted, plain);
    if (distance < bestDistance) {
      best = word;
      bestDistance = distance;
    }
  }
  if (best !== null || wanted.length < 3) return best;
  const longer = allowed.filter((word) => word.toLowerCase().startsWith(wanted));
  return longer.length === 1 ? (longer[0] ?? null) : null;
}

/** Joins words for a sentence: `a`, `a or b`, `a, b or c`. */
export function orList(words: readonly string[]): string {
  if (words.length <= 1) return words.join('');
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

/** A hint for a word that is not allowed: the nearest one, or else the list of all. */
export function suggestion(given: string, allowed: readonly string[]): string {
  const near = nearest(given, allowed);
  if (near !== null) return `did you mean "${near}"?`;
  if (allowed.length === 0) return '';
  const listed = allowed.slice(0, LIST_MAX).join(', ');
  return `allowed: ${listed}${allowed.length > LIST_MAX ? ', …' : ''}`;
}
