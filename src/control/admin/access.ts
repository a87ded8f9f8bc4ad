/** What the admin server knows of the way by which a request reaches it. */
import type { ProductLog } from '../product-log.ts';
import { problem } from './problem.ts';
import { Refusals } from './refusals.ts';
import type { TokenList } from './token-list.ts';

export type AdminAccess = {
  /** A unix socket, which no browser reaches, or an IP address. */
  readonly transport: 'unix' | 'tcp';
  /** What an Origin of the dashboard's own begins with. */
  readonly scheme: 'http' | 'https';
  /**
   * Whether only addresses and localhost are taken as the host: where nothing else proves who asks, a
   * name may be one that a page's owner lets point here (DNS rebinding).
   */
  readonly isHostStrict: boolean;
  /** Looks at the token of a request; null where none are asked for. */
  readonly gate: TokenGate | null;
};

/** A unix socket: whoever reaches it is its owner. */
export const UNIX_ACCESS: AdminAccess = {
  transport: 'unix',
  scheme: 'http',
  isHostStrict: false,
  gate: null,
};

/** Loopback without a token: whoever is on this machine. */
export const LOOPBACK_ACCESS: AdminAccess = {
  transport: 'tcp',
  scheme: 'http',
  isHostStrict: true,
  gate: null,
};

/** Served without a token: a page that holds nothing and asks for one, and whether we serve. */
const OPEN_PATHS = new Set(['/', '/ui', '/healthz']);
/** Read with a token that may write: the text of the configuration may hold passwords. */
const SECRET_PATHS = new Set(['/v1/config']);

/** A request as the gate sees it. */
export type Knock = {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  /** Address of the client. */
  readonly client: string;
};

export class TokenGate {
  readonly #tokens: () => TokenList;
  readonly #log: ProductLog;
  readonly #refusals = new Refusals();

  constructor(tokens: () => TokenList, log: ProductLog) {
    this.#tokens = tokens;
    this.#log = log;
  }

  /** The answer to a request that may not pass; null where it may. The token is in none. */
  check(
    { method, path, authorization, client }: Knock,
    nowMs = performance.now(),
  ): Response | null {
    if (OPEN_PATHS.has(path)) return null;
    const waitMs = this.#refusals.waitMs(client, nowMs);
    if (waitMs > 0) return tooMany(waitMs);
    const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    const role = token === undefined ? null : this.#tokens().roleOf(token);
    if (role === null) {
      if (token !== undefined) this.#refuse(client, nowMs);
      return unknown(token === undefined);
    }
    const isReading = (method === 'GET' || method === 'HEAD') && !SECRET_PATHS.has(path);
    return role === 'write' || isReading ? null : readOnly(method, path);
  }

  #refuse(client: string, nowMs: number): void {
    const count = this.#refusals.note(client, nowMs);
    this.#log.warn({ client, count }, 'a token for the admin address was refused');
  }
}

function unknown(isMissing: boolean): Response {
  const detail = isMissing ? 'the request has no token' : 'the token of the request is not known';
  const hint = 'send "Authorization: Bearer TOKEN" with a line of the token file';
  const headers = { 'www-authenticate': 'Bearer realm="ballast"' };
  return problem({ status: 401, code: 'BAL_API_TOKEN', detail, hint, headers });
}

function readOnly(method: string, path: string): Response {
  const detail = `the token may only look, and not ${method} ${path.slice(0, 100)}`;
  const hint = 'use a token that stands behind "write" in the token file';
  return problem({ status: 403, code: 'BAL_API_ROLE', detail, hint });
}

function tooMany(waitMs: number): Response {
  const seconds = Math.ceil(waitMs / 1_000);
  const detail = `too many wrong tokens came from this address: none is looked at for ${seconds} s`;
  const headers = { 'retry-after': String(seconds) };
  return problem({ status: 429, code: 'BAL_API_REFUSALS', detail, headers });
}
