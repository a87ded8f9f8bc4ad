/** The files of an admin address: tokens, certificate, key. They are read again when they change. */
import { readFileSync, statSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { BallastError } from '../../base/errors.ts';
import type { AdminAccessPlan, AdminTlsPlan } from '../../config/plan-admin.ts';
import type { ProductLog } from '../product-log.ts';
import { TokenList } from './token-list.ts';

/** Bytes of a file. */
export const ADMIN_FILE_BYTES_MAX = 1_048_576;
/** How often it is looked whether a file has changed, in ms. */
export const ADMIN_FILES_LOOK_MS = 2_000;

/** TLS as node:tls takes it. */
export type AdminTls = SecureContextOptions & {
  readonly requestCert?: boolean;
  readonly rejectUnauthorized?: boolean;
};

/** What the files say, until they say something else. */
export class AdminFiles {
  readonly #plan: AdminAccessPlan;
  readonly #log: ProductLog;
  #stamp = '';
  #timer: NodeJS.Timeout | null = null;
  /** Null where none are asked for. */
  tokens: TokenList | null = null;
  tls: AdminTls | null = null;

  /** Reads them. Throws BAL_ADMIN_FILE and BAL_ADMIN_TOKENS. */
  constructor(plan: AdminAccessPlan, log: ProductLog) {
    this.#plan = plan;
    this.#log = log;
    this.#stamp = this.#look();
    this.#read();
    this.#warnOfReaders();
  }

  /**
   * Calls `onTls` when the certificate is another one. Files that cannot be used leave what was there
   * in force, and are told of once; so take a token back by another file, not by none.
   */
  watch(onTls: (tls: AdminTls) => void): void {
    this.#timer = setInterval(() => {
      const stamp = this.#look();
      if (stamp === this.#stamp) return;
      this.#stamp = stamp;
      try {
        this.#read();
        if (this.tls !== null) onTls(this.tls);
        this.#log.info('the files of the admin address were read anew');
      } catch (error) {
        const { message } = error as Error;
        this.#log.error(`${message}: what was there before stays in force`);
      }
    }, ADMIN_FILES_LOOK_MS).unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  #read(): void {
    const { tokenFile, tls } = this.#plan;
    const tokens = tokenFile === '' ? null : TokenList.parse(readText(tokenFile), tokenFile);
    this.tls = tls === null ? null : readTls(tls);
    this.tokens = tokens;
  }

  #look(): string {
    const { tokenFile, tls } = this.#plan;
    const files = [tokenFile, tls?.certFile ?? '', tls?.keyFile ?? '', tls?.clientCaFile ?? ''];
    return files.map(stampOf).join('\n');
  }

  #warnOfReaders(): void {
    const { tokenFile, tls } = this.#plan;
    for (const file of [tokenFile, tls?.keyFile ?? '']) {
      if (file === '' || (statSync(file).mode & 0o077) === 0) continue;
      this.#log.warn({ file }, 'others may read a secret of the admin address: chmod 600');
    }
  }
}

function stampOf(path: string): string {
  if (path === '') return '';
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined
    ? 'missing'
    : `${found.ino} ${found.size} ${found.mtimeMs} ${found.ctimeMs}`;
}

function readTls({ certFile, keyFile, clientCaFile }: AdminTlsPlan): AdminTls {
  const tls: AdminTls = {
    cert: readText(certFile),
    key: readText(keyFile),
    minVersion: 'TLSv1.2',
    ...(clientCaFile === ''
      ? {}
      : { ca: readText(clientCaFile), requestCert: true, rejectUnauthorized: true }),
  };
  try {
    createSecureContext(tls);
  } catch (error) {
    const files = [certFile, keyFile, clientCaFile].filter((file) => file !== '');
    const names = files.map((file) => `"${file}"`).join(', ');
    const why = (error as NodeJS.ErrnoException).code ?? 'they do not parse';
    throw fileError(`cannot use the files ${names} for the admin address: ${why}`, error);
  }
  return tls;
}

function readText(path: string): string {
  try {
    const found = statSync(path);
    if (!found.isFile() || found.size > ADMIN_FILE_BYTES_MAX) {
      throw new Error(`it is no file of at most ${ADMIN_FILE_BYTES_MAX} bytes`);
    }
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw fileError(`cannot read "${path}": ${(error as Error).message}`, error);
  }
}

function fileError(message: string, cause: unknown): BallastError {
  return new BallastError('BAL_ADMIN_FILE', message, {
    source: 'configuration',
    hint: 'let the user that Ballast runs as read it; PEM, and the key that belongs to the certificate',
    cause,
  });
}
