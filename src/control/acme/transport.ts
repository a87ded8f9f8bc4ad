/**
 * How acme-client speaks to a directory: through node:https in place of what it brings along, so
 * that every request and every answer has a limit, nothing goes through a proxy of the environment,
 * no redirection is followed, and certificates are verified whatever the environment says.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import type acme from 'acme-client';
import { AcmeError } from './acme-error.ts';
import { printable, readProblem, requestError } from './problem.ts';

/** From the begin of a request to the end of its answer, in ms. */
export const REQUEST_LIMIT_MS = 30_000;
/** A longer answer is none of ACME, in bytes. */
export const ANSWER_BYTES_MAX = 1 << 20;

/** What all requests of one order have in common. */
export type AcmeCalls = {
  /** PEM of the roots of the directory; null is the usual ones. */
  readonly roots: string | null;
  readonly userAgent: string;
  /** What the latest answer that was no failure said to wait for before the next look; 0 is nothing. */
  retryAfterMs: number;
};

export type AcmeLibrary = typeof acme;

type Calls = { readonly agent: Agent; readonly calls: AcmeCalls };
const current = new AsyncLocalStorage<Calls>();
let loading: Promise<AcmeLibrary> | null = null;

/** The library, loaded when the first order begins. */
export function acmeLibrary(): Promise<AcmeLibrary> {
  loading ??= import('acme-client').then((loaded) => {
    const library = loaded.default;
    // It tries again by itself, and waits as long as a server likes: that is for us to decide.
    Object.assign(library.axios.defaults, {
      adapter: send,
      acmeSettings: { retryMaxAttempts: 0, retryDefaultDelay: 0 },
    });
    return library;
  });
  return loading;
}

/** Runs a job whose requests, and no others, go out as `calls` says. */
export async function withCalls<T>(calls: AcmeCalls, job: () => Promise<T>): Promise<T> {
  const roots = calls.roots === null ? {} : { ca: calls.roots };
  const agent = new Agent({ keepAlive: true, maxSockets: 4, rejectUnauthorized: true, ...roots });
  try {
    return await current.run({ agent, calls }, job);
  } finally {
    agent.destroy();
  }
}

/** What is used of a request of axios. */
type Config = {
  readonly url?: string;
  readonly method?: string;
  readonly data?: unknown;
  readonly headers: { readonly [name: string]: unknown };
};

/** An adapter for axios; problems come out of it as AcmeError. */
async function send(config: Config): Promise<unknown> {
  const { agent, calls } = current.getStore()!;
  const url = config.url ?? '';
  if (!url.startsWith('https://') || !URL.canParse(url)) {
    throw answerError(`the directory names "${printable(url)}", which is no https:// URL`);
  }
  const signal = AbortSignal.timeout(REQUEST_LIMIT_MS);
  const body = typeof config.data === 'string' ? config.data : '';
  const headers: Record<string, string> = { 'user-agent': calls.userAgent, accept: '*/*' };
  if (body !== '') headers['content-type'] = 'application/jose+json';
  const method = (config.method ?? 'get').toUpperCase();
  try {
    const answer = await exchange(url, { agent, method, headers, signal }, body);
    return take(answer, { config, url, calls });
  } catch (error) {
    if (error instanceof AcmeError) throw error;
    throw networkError(url, error as NodeJS.ErrnoException, signal.aborted);
  }
}

type Answer = {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
};

type Options = {
  readonly agent: Agent;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly signal: AbortSignal;
};

function exchange(url: string, options: Options, body: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(url, options, (response) => {
      const pieces: Buffer[] = [];
      let size = 0;
      response.on('data', (piece: Buffer) => {
        pieces.push(piece);
        size += piece.length;
        if (size <= ANSWER_BYTES_MAX) return;
        const what = `${url} answers with more than ${ANSWER_BYTES_MAX} bytes`;
        response.destroy(answerError(what));
      });
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(pieces).toString();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

type Asked = { readonly config: Config; readonly url: string; readonly calls: AcmeCalls };

/** An answer as axios wants it; throws what says that the request has failed. */
function take({ status, headers, text }: Answer, { config, url, calls }: Asked): unknown {
  const retryAfterMs = retryAfter(headers['retry-after']);
  if (status >= 300) {
    const body = parse(text);
    // The library takes the new nonce from it and asks again (RFC 8555 §6.5).
    if (readProblem(body)?.type !== 'badNonce') {
      throw requestError({ url, status, body, retryAfterMs });
    }
  }
  calls.retryAfterMs = retryAfterMs;
  return { data: text, status, statusText: '', headers, config, request: null };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Retry-After in ms (RFC 9110 §10.2.3); 0 where there is none. */
function retryAfter(value: string | undefined): number {
  if (value === undefined) return 0;
  const ms = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : 0;
}

function answerError(message: string): AcmeError {
  return new AcmeError('BAL_ACME_ANSWER', message, { scope: 'directory' });
}

const HINTS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its name does not exist: see the URL of the directory',
  EAI_AGAIN: 'its name cannot be looked up now: see the name servers of this machine',
  ECONNREFUSED: 'nothing listens there: see the URL of the directory',
  ETIMEDOUT: 'see that no firewall stands between',
};

function networkError(url: string, error: NodeJS.ErrnoException, isLate: boolean): AcmeError {
  const { host } = new URL(url);
  const code = error.code ?? '';
  if (isLate) {
    const late = `the authority at ${host} has not answered within ${REQUEST_LIMIT_MS / 1_000} s`;
    const hint = 'see that no firewall stands between';
    return new AcmeError('BAL_ACME_UNREACHABLE', late, { scope: 'directory', hint });
  }
  // What OpenSSL says of a certificate: CERT_HAS_EXPIRED, UNABLE_TO_VERIFY_LEAF_SIGNATURE, …
  if (/CERT|SIGNATURE|ISSUER/.test(code)) {
    const why = `the certificate of the authority at ${host} cannot be verified: ${error.message}`;
    return new AcmeError('BAL_ACME_DIRECTORY_CERTIFICATE', why, {
      scope: 'directory',
      hint: 'give the root of an authority of your own as "ca"; otherwise see who answers there',
      cause: error,
    });
  }
  const message = `cannot reach the authority at ${host}: ${printable(error.message)}`;
  const hint = HINTS[code];
  return new AcmeError('BAL_ACME_UNREACHABLE', message, {
    scope: 'directory',
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  });
}
