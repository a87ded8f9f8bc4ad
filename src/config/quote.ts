/** Longest piece of a file that a message repeats, in characters. */
const QUOTE_MAX = 60;

/** The text of a value for a message: strings in quotes and cut short, maps and lists by kind. */
export function quote(value: unknown): string {
  if (value === null) return 'an empty value';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  const text = typeof value === 'string' ? value : String(value);
  const cut = text.length > QUOTE_MAX ? `${text.slice(0, QUOTE_MAX)}…` : text;
  return typeof value === 'string' ? JSON.stringify(cut) : cut;
}
