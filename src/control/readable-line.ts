/** Turns a JSON log line into one for people. */

const COLOURS: Readonly<Record<string, string>> = {
  debug: '\u001b[2m',
  info: '\u001b[32m',
  warn: '\u001b[33m',
  error: '\u001b[31m',
  fatal: '\u001b[31m',
};
const DIM = '\u001b[2m';
const PLAIN = '\u001b[0m';

/**
 * `{"level":"info","time":"2026-01-02T03:04:05.678Z","message":"m","a":1}` becomes
 * `03:04:05.678 INFO  m a=1`, in the colours of a terminal where wanted. A line that is not JSON
 * stays as it is.
 */
export function readableLine(json: string, isColoured: boolean): string {
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(json) as Record<string, unknown>;
  } catch {
    return json;
  }
  const { level, time, message, ...fields } = entry;
  const word = String(level);
  const clock = String(time).slice(11, 23);
  const pairs = Object.entries(fields).map(([name, value]) => `${name}=${valueText(value)}`);
  const paint = (colour: string, text: string) => (isColoured ? `${colour}${text}${PLAIN}` : text);
  const tail = pairs.length === 0 ? '' : ` ${paint(DIM, pairs.join(' '))}`;
  const label = paint(COLOURS[word] ?? '', word.toUpperCase().padEnd(5));
  return `${clock} ${label} ${String(message)}${tail}\n`;
}

function valueText(value: unknown): string {
  if (typeof value === 'string') return /[\s"=]/.test(value) ? JSON.stringify(value) : value;
  return JSON.stringify(value) ?? '';
}
