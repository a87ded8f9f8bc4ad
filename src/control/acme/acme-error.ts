import { BallastError } from '../../base/errors.ts';
import type { ACME_ERROR_CODES } from './error-codes.ts';

export type AcmeErrorCode = keyof typeof ACME_ERROR_CODES;

export type AcmeErrorOptions = {
  readonly hint?: string;
  /** See acme-renewal.ts; `order` where absent. */
  readonly scope?: 'order' | 'directory' | 'both';
  readonly retryAfterMs?: number;
  /** Last part of the type of a problem document: `rateLimited`. */
  readonly problem?: string;
  readonly cause?: unknown;
};

/** Why an order failed, and what that means for the next one. */
export class AcmeError extends BallastError {
  declare readonly code: AcmeErrorCode;
  readonly scope: 'order' | 'directory' | 'both';
  readonly retryAfterMs: number;
  readonly problem: string;

  constructor(code: AcmeErrorCode, message: string, options: AcmeErrorOptions = {}) {
    const { hint, cause } = options;
    super(code, message, { ...(hint === undefined ? {} : { hint }), cause });
    this.scope = options.scope ?? 'order';
    this.retryAfterMs = options.retryAfterMs ?? 0;
    this.problem = options.problem ?? '';
  }
}
