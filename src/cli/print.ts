/** What commands write for people. */
import { BallastError } from '../base/errors.ts';

/** Whether a stream shows colours: a terminal, unless NO_COLOR is set (no-color.org). */
export function hasColours(stream: { readonly isTTY?: boolean }): boolean {
  return stream.isTTY === true && !process.env['NO_COLOR'];
}

/** An error in the form `ballast: CODE: message` with the remedy in a line of its own. */
export function errorText(error: unknown): string {
  if (!(error instanceof BallastError)) {
    return `ballast: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`;
  }
  const remedy = error.hint === undefined ? '' : `  ${error.hint}\n`;
  return `ballast: ${error.code}: ${error.message}\n${remedy}`;
}

/** Rows as a table: columns as wide as their widest cell, two spaces between them. */
export function tableText(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, place) => {
      widths[place] = Math.max(widths[place] ?? 0, cell.length);
    });
  }
  const line = (row: readonly string[]) =>
    row
      .map((cell, place) => cell.padEnd(widths[place]!))
      .join('  ')
      .trimEnd();
  return rows.map((row) => `${line(row)}\n`).join('');
}
