/** Problem documents (RFC 9457): how the admin API says what went wrong. */
import { STATUS_CODES } from 'node:http';
import { z } from '@hono/zod-openapi';
import { diagnosticSchema } from './schemas/status.ts';
import { BallastError } from '../../base/errors.ts';

/** Media type of a problem document. */
export const PROBLEM_TYPE = 'application/problem+json';

export const problemSchema = z
  .object({
    type: z.string().openapi({ description: 'Where the code is explained, on this server.' }),
    title: z.string().openapi({ description: 'The phrase of the status.' }),
    status: z.number().int(),
    detail: z.string().openapi({ description: 'What failed, on what, and what is allowed.' }),
    code: z.string().openapi({ description: 'Stable: BAL_…' }),
    hint: z.string().openapi({ description: 'What to do; "" where the detail says it.' }),
    diagnostics: z
      .array(diagnosticSchema)
      .readonly()
      .optional()
      .openapi({ description: 'The mistakes of a configuration.' }),
  })
  .openapi('Problem');

export type Problem = {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly hint?: string;
  /** Further fields of this kind of problem. */
  readonly more?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
};

/** The answer with a problem document. */
export function problem({ status, code, detail, hint = '', more, headers }: Problem): Response {
  const type = `/v1/errors/${code}`;
  const title = STATUS_CODES[status] ?? 'Error';
  const body = JSON.stringify({ type, title, status, detail, code, hint, ...more });
  return new Response(body, {
    status,
    headers: { 'content-type': PROBLEM_TYPE, 'cache-control': 'no-store', ...headers },
  });
}

/** Statuses of errors that are an answer, and no fault of the server. */
const STATUSES: Readonly<Record<string, number>> = {
  BAL_SERVER_UNKNOWN: 404,
  BAL_SERVER_CHANGE: 400,
  BAL_HISTORY_UNKNOWN: 404,
  BAL_CERTIFICATE_NAME: 404,
  BAL_CERTIFICATE_FILE: 422,
  BAL_CERTIFICATE_KEY: 422,
  BAL_CERTIFICATE_LIMIT: 422,
  BAL_RELOAD_STARTING: 503,
  BAL_RELOAD_DRAINING: 503,
};

/** The answer to an error that was thrown; null where it is none that a person may meet. */
export function problemOfError(error: unknown): Response | null {
  if (!(error instanceof BallastError)) return null;
  const { code, message: detail, hint = '' } = error;
  return problem({ status: STATUSES[code] ?? 500, code, detail, hint });
}
