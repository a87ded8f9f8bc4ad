import type { ConfigErrorCode } from './error-codes.ts';

/** A code of the configuration itself, or of what it names: a certificate, an address, a log. */
export type DiagnosticCode =
  | ConfigErrorCode
  | `BAL_${'CERTIFICATE' | 'LISTEN' | 'LOG' | 'ADMIN'}_${string}`;

/** One mistake or doubt about a configuration file. `line` and `column` are 1-based. */
export type Diagnostic = {
  /** A file with an error is not put in force; warnings alone do not stop it. */
  readonly severity: 'error' | 'warning';
  readonly code: DiagnosticCode;
  /** What is wrong, with the offending text in quotes. */
  readonly message: string;
  /** What is allowed, or what was probably meant; "" where the message says it all. */
  readonly hint: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
};

/** Keys and indices from the root of the file down to a value. */
export type ConfigPath = readonly (string | number)[];

/** A finding before its place in the file is looked up. */
export type Finding = {
  readonly severity?: 'error' | 'warning';
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly hint?: string;
  readonly path: ConfigPath;
  /** Whether the finding is about the key or the value at `path`; the value by default. */
  readonly at?: 'key' | 'value';
};

/** Receives the findings of the rules. */
export type Report = (finding: Finding) => void;

/** Orders diagnostics by their place in the file, for one run of `sort`. */
export function compareDiagnostics(a: Diagnostic, b: Diagnostic): number {
  if (a.line !== b.line) return a.line - b.line;
  if (a.column !== b.column) return a.column - b.column;
  return a.code < b.code ? -1 : a.code > b.code ? 1 : 0;
}
