/** Speaks to a running balancer through its admin address. */
import { request, type IncomingMessage, type RequestOptions } from 'node:http';
import { BallastError } from '../base/errors.ts';

/** The admin address of a configuration that gives none. */
export const ADMIN_DEFAULT = 'unix:/run/ballast/admin.sock';

/** A balancer that does not answer for this long is not reachable, in ms. */
export const ANSWER_LIMIT_MS = 30_000;

export type AdminAnswer = { readonly status: number; readonly body: unknown };

export type AdminQuestion = {
  readonly method: string;
  readonly path: string;
  /** Sent as JSON; undefined sends none. */
  readonly body?: unknown;
  /** Longest wait for the answer, in ms; ANSWER_LIMIT_MS where absent. */
  readonly limitMs?: number;
};

/**
 * Asks and reads the answer as JSON. `admin` is `HOST:PORT`, `unix:/path` or `http://HOST:PORT`.
 * Throws BAL_ADMIN_UNREACHABLE and BAL_ADMIN_ANSWER.
 */
export async function askAdmin(admin: string, question: AdminQuestion): Promise<AdminAnswer> {
  const { method, path, body, limitMs = ANSWER_LIMIT_MS } = question;
  let response: IncomingMessage;
  try {
    response = await send({ ...endpoint(admin), method, path, timeout: limitMs }, body);
  } catch (error) {
    throw unreachable(admin, error as NodeJS.ErrnoException);
  }
  response.setEncoding('utf8');
  let text = '';
  for await (const piece of response) text += piece as string;
  try {
    return { status: response.statusCode ?? 0, body: JSON.parse(text) as unknown };
  } catch {
    throw new BallastError('BAL_ADMIN_ANSWER', `what answers at ${admin} is not a balancer`, {
      hint: 'give the admin address of the configuration, not that of a listener',
    });
  }
}

/** The error that an answer of the form `{ error, code, hint }` is; null for any other answer. */
export function refusalOf(body: unknown): BallastError | null {
  const { error, code, hint } = (body ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof error !== 'string') return null;
  const options = typeof hint === 'string' && hint !== '' ? { hint } : {};
  return new BallastError(typeof code === 'string' ? code : 'BAL_ADMIN_ANSWER', error, options);
}

function endpoint(admin: string): RequestOptions {
  if (admin.startsWith('unix:')) return { socketPath: admin.slice('unix:'.length) };
  const bare = admin.replace(/^http:\/\//, '').replace(/\/$/, '');
  const url = URL.parse(`http://${bare}`);
  if (url === null || url.port === '') {
    throw new BallastError('BAL_ADMIN_UNREACHABLE', `"${admin}" is not an admin address`, {
      hint: 'allowed are HOST:PORT and unix:/path',
    });
  }
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port };
}

function send(options: RequestOptions, body: unknown): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request({ ...options, agent: false }, resolve);
    sent.once('error', reject);
    sent.once('timeout', () => sent.destroy(new Error('no answer in time')));
    if (body === undefined) sent.end();
    else sent.setHeader('content-type', 'application/json').end(JSON.stringify(body));
  });
}

const WHO = 'does the balancer run, and is this its "admin"? Give FILE or --admin ADDR';

/** By error code: what happened, and what would help. */
const WORDS: Readonly<Record<string, readonly [string, string]>> = {
  ENOENT: ['there is no such socket', WHO],
  ECONNREFUSED: ['nobody listens there', WHO],
  EACCES: ['permission denied', 'only the user that the balancer runs as may use its socket'],
};

function unreachable(admin: string, error: NodeJS.ErrnoException): BallastError {
  if (error instanceof BallastError) return error;
  const [what, hint] = WORDS[error.code ?? ''] ?? [error.message, WHO];
  const message = `no balancer answers at ${admin}: ${what}`;
  return new BallastError('BAL_ADMIN_UNREACHABLE', message, { cause: error, hint });
}
