/** Where a retry stands for the operation that failed. */
export type RetrySafety = 'never' | 'always' | 'if-reused';

/** Whose doing an error is. */
export type ErrorSource = 'configuration' | 'downstream' | 'upstream' | 'local';

/** A place in a file, both 1-based. */
export type Where = { readonly file: string; readonly line: number; readonly column: number };

export type BallastErrorOptions = {
  readonly hint?: string;
  readonly where?: Where;
  readonly source?: ErrorSource;
  readonly retry?: RetrySafety;
  readonly cause?: unknown;
};

/**
 * An error that a person may meet. `code` is stable (`BAL_<AREA>_<WHAT>`, listed in
 * `error-codes.ts`); the message says which action failed, on what, and what would be allowed.
 */
export class BallastError extends Error {
  override readonly name = 'BallastError';
  readonly code: string;
  readonly hint: string | undefined;
  readonly where: Where | undefined;
  readonly source: ErrorSource;
  readonly retry: RetrySafety;

  constructor(code: string, message: string, options: BallastErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.where = options.where;
    this.source = options.source ?? 'local';
    this.retry = options.retry ?? 'never';
  }
}

/** A programmer's error: ends the process that has it; its supervisor replaces that process. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}

/** For the default branch of an exhaustive switch. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
