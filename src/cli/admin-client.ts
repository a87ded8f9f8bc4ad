/** Speaks to a running balancer through its admin address. */
import { request, type IncomingMessage } from 'node:http';
import { request as requestTls, type RequestOptions } from 'node:https';
import { BallastError } from '../base/errors.ts';

/** The admin address of a configuration that gives none. */
export const ADMIN_DEFAULT = 'unix:/run/ballast/admin.sock';

/** A balancer that does not answer for this long is not reachable, in ms. */
export const ANSWER_LIMIT_MS = 30_000;

/** TLS of a client, PEM. */
export type ClientTls = {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** Whether `ca` is the very certificate that must answer, whatever names it is for. */
  readonly isPinned: boolean;
};

/** Where to ask, and what to show there. */
export type AdminTarget = {
  /** `HOST:PORT`, `unix:/path`, `http://HOST:PORT` or `https://HOST:PORT`. */
  readonly address: string;
  readonly token: string | null;
  /** Null speaks plain HTTP. */
  readonly tls: ClientTls | null;
};

export type AdminAnswer = { readonly status: number; readonly body: unknown };

export type AdminQuestion = {
  readonly method: string;
  readonly path: string;
  /** Sent as JSON; undefined sends none. */
  readonly body?: unknown;
  /** Longest wait for the answer, in ms; ANSWER_LIMIT_MS where absent. */
  readonly limitMs?: number;
};

/** Statuses with which the admin server refuses whoever it does not know. */
const REFUSED = new Set([401, 403, 429]);

/**
 * Asks and reads the answer as JSON. Throws BAL_ADMIN_UNREACHABLE and BAL_ADMIN_ANSWER, and what the
 * admin server says where it does not know who asks.
 */
export async function askAdmin(target: AdminTarget, question: AdminQuestion): Promise<AdminAnswer> {
  const { address: admin } = target;
  const { method, path, body, limitMs = ANSWER_LIMIT_MS } = question;
  let response: IncomingMessage;
  try {
    response = await send(target, { ...endpoint(target), method, path, timeout: limitMs }, body);
  } catch (error) {
    throw unreachable(admin, error as NodeJS.ErrnoException);
  }
  response.setEncoding('utf8');
  let text = '';
  for await (const piece of response) text += piece as string;
  const status = response.statusCode ?? 0;
  try {
    const answer = JSON.parse(text) as unknown;
    const refusal = REFUSED.has(status) ? refusalOf(answer) : null;
    if (refusal === null) return { status, body: answer };
    throw refusal;
  } catch (error) {
    if (error instanceof BallastError) throw error;
    throw new BallastError('BAL_ADMIN_ANSWER', `what answers at ${admin} is not a balancer`, {
      hint: 'give the admin address of the configuration, not that of a listener',
    });
  }
}

/** Hints of the API that are other ones for a command. */
const HINTS: Readonly<Record<string, string>> = {
  BAL_API_TOKEN: 'give --token-file with a token of the balancer, or FILE that names one',
};

/**
 * The error that an answer of the form `{ error, code, hint }` or a problem document is; null for any
 * other answer.
 */
export function refusalOf(body: unknown): BallastError | null {
  const { error, detail, code, hint } = (body ?? {}) as Readonly<Record<string, unknown>>;
  const message = error ?? (typeof code === 'string' ? detail : undefined);
  if (typeof message !== 'string') return null;
  const own = typeof code === 'string' ? HINTS[code] : undefined;
  const best = own ?? hint;
  const options = typeof best === 'string' && best !== '' ? { hint: best } : {};
  return new BallastError(typeof code === 'string' ? code : 'BAL_ADMIN_ANSWER', message, options);
}

function endpoint({ address, tls }: AdminTarget): RequestOptions {
  if (address.startsWith('unix:')) return { socketPath: address.slice('unix:'.length) };
  const bare = address.replace(/^https?:\/\//, '').replace(/\/$/, '');
  const url = URL.parse(`http://${bare}`);
  if (url === null || url.port === '') {
    throw new BallastError('BAL_ADMIN_UNREACHABLE', `"${address}" is not an admin address`, {
      hint: 'allowed are HOST:PORT, https://HOST:PORT and unix:/path',
    });
  }
  const where = { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port };
  return tls === null ? where : { ...where, ...tlsOptions(tls) };
}

function tlsOptions({ ca, cert, key, isPinned }: ClientTls): RequestOptions {
  return {
    minVersion: 'TLSv1.2',
    ...(ca === undefined ? {} : { ca, allowPartialTrustChain: true }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(isPinned ? { checkServerIdentity: () => undefined } : {}),
  };
}

function send(
  { tls, token }: AdminTarget,
  options: RequestOptions,
  body: unknown,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const all = { ...options, agent: false } as const;
    const sent = tls === null ? request(all, resolve) : requestTls(all, resolve);
    sent.once('error', reject);
    sent.once('timeout', () => sent.destroy(new Error('no answer in time')));
    if (token !== null) sent.setHeader('authorization', `Bearer ${token}`);
    // A change without a type could be a form of any web page, and is refused on an IP address.
    if (options.method !== 'GET') sent.setHeader('content-type', 'application/json');
    sent.end(body === undefined ? undefined : JSON.stringify(body));
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
  const [what, hint] = WORDS[error.code ?? ''] ?? [error.message, hintFor(error)];
  const message = `no balancer answers at ${admin}: ${what}`;
  return new BallastError('BAL_ADMIN_UNREACHABLE', message, { cause: error, hint });
}

const TRUST = /^(UNABLE_TO|SELF_SIGNED|DEPTH_ZERO|CERT_|ERR_TLS_CERT|HOSTNAME)/;
const TLS_ALERT = /^(ERR_SSL|EPROTO|ECONNRESET)/;

function hintFor({ code = '' }: NodeJS.ErrnoException): string {
  if (TRUST.test(code)) return 'give --ca with the root of its certificate, or FILE';
  return TLS_ALERT.test(code)
    ? `does it speak TLS (https://HOST:PORT), and does it ask for --cert and --key? ${WHO}`
    : WHO;
}
