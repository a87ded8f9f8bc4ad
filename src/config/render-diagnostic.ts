import type { Where } from '../base/errors.ts';
import type { Diagnostic } from './diagnostic.ts';

/** Longest source line that is shown in full, in characters. */
const LINE_MAX = 120;

/** The part of a long line around the column, and the column within that part. */
function excerpt(line: string, column: number): { readonly text: string; readonly column: number } {
  if (line.length <= LINE_MAX) return { text: line, column };
  const start = Math.max(0, Math.min(column - 1 - LINE_MAX / 2, line.length - LINE_MAX));
  const text = `${start > 0 ? '…' : ''}${line.slice(start, start + LINE_MAX)}`;
  return { text, column: column - start + (start > 0 ? 1 : 0) };
}

/** A password and its value in YAML or JSON; the value in quotes, or up to what ends it. */
const PASSWORD = /(\bpassword["']?\s*:\s*)("(?:[^"\\]|\\.)*"|'[^']*'|[^,}]+)/g;

/** A line of a map without braces, whose value runs to a comment or to the end of the line. */
const PASSWORD_LINE = /^(\s*(?:-\s+)?password\s*:\s*)([^\s"'#].*?)(?=\s+#|\s*$)/;

/** The line with stars in place of passwords: what is printed may end up in a log. */
function withoutPasswords(line: string): string {
  const hide = (_: string, key: string, value: string): string => key + '*'.repeat(value.length);
  return PASSWORD_LINE.test(line)
    ? line.replace(PASSWORD_LINE, hide)
    : line.replaceAll(PASSWORD, hide);
}

/**
 * A diagnostic as a person reads it: `file:line:column: code: message: hint`, the source line with
 * its number, and a caret under the place. `lines` are the lines of the file.
 */
export function renderDiagnostic(diagnostic: Diagnostic, lines: readonly string[]): string {
  const { file, line, column, severity, code, message, hint } = diagnostic;
  const kind = severity === 'warning' ? 'warning: ' : '';
  const tail = hint === '' ? '' : `: ${hint}`;
  const head = `${file}:${line}:${column}: ${code}: ${kind}${message}${tail}`;
  return `${head}${renderPlace(diagnostic, lines)}`;
}

/** A line feed, the source line with its number, and a caret under the place; "" past the end. */
export function renderPlace({ line, column }: Where, lines: readonly string[]): string {
  const source = lines[line - 1];
  if (source === undefined) return '';
  const shown = excerpt(withoutPasswords(source.replace(/\r$/, '')), column);
  const gutter = String(line);
  const pad = shown.text.slice(0, shown.column - 1).replaceAll(/[^\t]/g, ' ');
  const margin = ' '.repeat(Math.max(5, gutter.length));
  return `\n${gutter.padStart(5)} | ${shown.text}\n${margin} | ${pad}^`;
}

/** All diagnostics of one file, one after the other, each ending in a line feed. */
export function renderDiagnostics(diagnostics: readonly Diagnostic[], text: string): string {
  const lines = text.replace(/^\ufeff/, '').split('\n');
  return diagnostics.map((diagnostic) => `${renderDiagnostic(diagnostic, lines)}\n`).join('');
}
