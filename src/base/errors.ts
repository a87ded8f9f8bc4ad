/** Where a retry stands for the operation that failed. */
export type RetrySafety = 'never' | 'always' | 'if-reused';

/** Whose doing an error is. */
export type ErrorSource = 'configuration' | 'downstream' | 'upstream' | 'local';

/** A place in a file, both 1-based. */
export type Where = { readonly file: string; readonly line: number; readonly column: number };

export type BallastErrorOptions = {
  readonly hint?: string;
  readonly where?: Where;
  readonly at?: readonly (string | number)[];
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
  /** Keys and indices from the root of the configuration to what the error is about. */
  readonly at: readonly (string | number)[] | undefined;
  readonly source: ErrorSource;
  readonly retry: RetrySafety;

  constructor(code: string, message: string, options: BallastErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.where = options.where;
    this.at = options.at;
    this.source = options.source ?? 'local';
    this.retry = options.retry ?? 'never';
  }
}

/** Several errors of one action, all found in one run. Code and hint are those of the first. */
export class BallastErrors extends BallastError {
  readonly all: readonly BallastError[];

  private constructor(all: readonly BallastError[]) {
    const [first] = all;
    const message = all.map((error) => error.message).join('; ');
    super(first!.code, message, first!.hint === undefined ? {} : { hint: first!.hint });
    this.all = all;
  }

  /** One error for all of them: the one itself where there is no other. At least one is needed. */
  static of(errors: readonly BallastError[]): BallastError {
    return errors.length === 1 ? errors[0]! : new BallastErrors(errors);
  }
}

/** The errors that an error stands for: itself, or all that it was made of. */
export function errorsIn(error: BallastError): readonly BallastError[] {
  return error instanceof BallastErrors ? error.all : [error];
}

/** A programmer's error: ends the process that has it; its supervisor replaces that process. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}

/** For the default branch of an exhaustive switch. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
