/** Problem documents (RFC 8555 §6.7, RFC 7807) as errors for people. */
import { AcmeError, type AcmeErrorCode, type AcmeErrorOptions } from './acme-error.ts';

/** What is read of a problem document. */
export type Problem = {
  /** Without `urn:ietf:params:acme:error:`; "" where it is none of ACME. */
  readonly type: string;
  readonly detail: string;
};

/** Longest text of an authority that is passed on. */
const DETAIL_CHARS_MAX = 500;
const URN = 'urn:ietf:params:acme:error:';

/** The problem that a value is, else null. */
export function readProblem(value: unknown): Problem | null {
  if (!isMap(value) || typeof value['type'] !== 'string') return null;
  const own = typeof value['detail'] === 'string' ? value['detail'] : '';
  const parts = Array.isArray(value['subproblems']) ? value['subproblems'] : [];
  const details = [own, ...parts.map((part) => readProblem(part)?.detail ?? '')];
  const type = value['type'].startsWith(URN) ? value['type'].slice(URN.length) : '';
  return { type, detail: printable(details.filter((text) => text !== '').join(' ')) };
}

/** Text of somebody else, on one line and of bounded length. */
export function printable(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').trim();
  return line.length <= DETAIL_CHARS_MAX ? line : `${line.slice(0, DETAIL_CHARS_MAX)}…`;
}

type Told = { readonly code: AcmeErrorCode } & Pick<AcmeErrorOptions, 'scope' | 'hint'>;

/** Problems of a challenge: what the authority met when it looked at the name. */
const OF_CHALLENGE: Readonly<Record<string, Told>> = {
  caa: { code: 'BAL_ACME_CAA' },
  connection: { code: 'BAL_ACME_CONNECTION' },
  dns: { code: 'BAL_ACME_DNS' },
  incorrectResponse: { code: 'BAL_ACME_CHALLENGE' },
  tls: { code: 'BAL_ACME_CHALLENGE' },
  unauthorized: { code: 'BAL_ACME_CHALLENGE' },
};

/** Problems of a request. */
const OF_REQUEST: Readonly<Record<string, Told>> = {
  accountDoesNotExist: { code: 'BAL_ACME_ACCOUNT' },
  caa: { code: 'BAL_ACME_CAA' },
  dns: { code: 'BAL_ACME_DNS' },
  externalAccountRequired: {
    code: 'BAL_ACME_ACCOUNT',
    hint: 'this authority wants an account of its own kind (external account binding), which is not available: use another one',
  },
  invalidContact: { code: 'BAL_ACME_ACCOUNT', hint: 'give another "email", or none' },
  rateLimited: { code: 'BAL_ACME_RATE_LIMIT', scope: 'both' },
  serverInternal: { code: 'BAL_ACME_SERVER', scope: 'directory' },
  unauthorized: { code: 'BAL_ACME_ACCOUNT' },
  unsupportedContact: { code: 'BAL_ACME_ACCOUNT', hint: 'give another "email", or none' },
  userActionRequired: { code: 'BAL_ACME_ACCOUNT' },
};

/** The error of a challenge of `name` that the authority found not to be met. */
export function challengeError(name: string, kind: string, value: unknown): AcmeError {
  const problem = readProblem(value) ?? { type: '', detail: 'no reason is given' };
  const told = OF_CHALLENGE[problem.type] ?? { code: 'BAL_ACME_REFUSED' };
  const message = `the authority could not verify "${name}" by ${kind}: ${problem.detail}`;
  return new AcmeError(told.code, message, { problem: problem.type });
}

/** What is known of an answer that says that a request has failed. */
export type FailedAnswer = {
  readonly url: string;
  readonly status: number;
  readonly body: unknown;
  readonly retryAfterMs: number;
};

/** The error of a request that was answered with a status from 300 on. */
export function requestError({ url, status, body, retryAfterMs }: FailedAnswer): AcmeError {
  const problem = readProblem(body);
  const { host } = new URL(url);
  const said = problem === null ? `status ${status}` : problem.detail || `status ${status}`;
  const message = `the authority at ${host} refuses: ${said}`;
  const options = { problem: problem?.type ?? '', retryAfterMs };
  const told = problem === null ? undefined : OF_REQUEST[problem.type];
  if (told !== undefined) return new AcmeError(told.code, message, { ...options, ...told });
  if (status === 429)
    return new AcmeError('BAL_ACME_RATE_LIMIT', message, { ...options, scope: 'both' });
  if (status >= 500) {
    const fault = `the authority at ${host} fails: ${said}`;
    return new AcmeError('BAL_ACME_SERVER', fault, { ...options, scope: 'directory' });
  }
  if (problem !== null) return new AcmeError('BAL_ACME_REFUSED', message, options);
  return new AcmeError('BAL_ACME_ANSWER', `${url} answers with status ${status}`, {
    ...options,
    scope: 'directory',
  });
}

function isMap(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
