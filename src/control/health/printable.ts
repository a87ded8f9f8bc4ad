/** Characters of a server's or a program's own words that go into a detail. */
const PRINTABLE_MAX = 120;

/**
 * Words of somebody else, fit for a log and a status: printable ASCII on one line, and not long.
 */
export function printable(text: string): string {
  const line = text
    .slice(0, PRINTABLE_MAX * 4)
    .replace(/[^\x21-\x7e]+/g, ' ')
    .trim();
  return line.length > PRINTABLE_MAX ? `${line.slice(0, PRINTABLE_MAX)}…` : line;
}
