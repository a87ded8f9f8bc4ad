/** Where a command finds the balancer it is to speak to, and what it shows there. */
import { readFileSync } from 'node:fs';
import { BallastError } from '../base/errors.ts';
import type { AdminAccessPlan } from '../config/plan-admin.ts';
import type { BindPlan } from '../config/plan.ts';
import { TokenList } from '../control/admin/token-list.ts';
import { ADMIN_DEFAULT, type AdminTarget, type ClientTls } from './admin-client.ts';

/** What the command line says of it; undefined where it says nothing. */
export type AdminChoice = {
  readonly file: string | undefined;
  readonly admin: string | undefined;
  readonly tokenFile?: string | undefined;
  /** PEM files: roots to trust, a certificate to show, its key. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
};

/**
 * The address of `--admin`, else that of the configuration file, else the default. What the file
 * says of tokens and TLS is used unless the command line says otherwise: its certificate is then the
 * one that must answer. A file with mistakes is nearly always the one just edited: they are printed,
 * and BAL_ADMIN_UNKNOWN is thrown. Throws BAL_ADMIN_FILE where a file cannot be read.
 */
export async function adminTarget(choice: AdminChoice): Promise<AdminTarget> {
  const { file, admin } = choice;
  const plan = file === undefined || admin !== undefined ? null : await planOf(file);
  const access = plan?.access;
  const isTls = (access?.tls ?? null) !== null;
  const address = admin ?? (plan === null ? ADMIN_DEFAULT : await addressOf(plan, isTls));
  return { address, token: tokenOf(choice, access), tls: tlsOf(choice, access, address) };
}

async function planOf(file: string) {
  const { readConfig } = await import('./config-file.ts');
  const { plan, text } = await readConfig(file);
  if (plan === null) {
    process.stderr.write(text);
    throw new BallastError('BAL_ADMIN_UNKNOWN', `"${file}" has mistakes: nothing was asked`, {
      hint: 'mend them, or give the admin address of the balancer with --admin',
      source: 'configuration',
    });
  }
  if (plan.admin !== null) return plan.admin;
  throw new BallastError('BAL_ADMIN_UNREACHABLE', `"${file}" has "admin: off"`, {
    hint: 'without an admin server, reload with "kill -HUP" and read the log for the state',
  });
}

/** An address that stands for all of this machine's is asked on loopback. */
const ANY: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

async function addressOf({ family, host, port }: BindPlan, isTls: boolean): Promise<string> {
  const { bindText } = await import('../sys/sockets.ts');
  const text = bindText({ family, port, host: ANY[host] ?? host });
  return isTls ? `https://${text}` : text;
}

function tokenOf({ tokenFile }: AdminChoice, access: AdminAccessPlan | undefined): string | null {
  const path = tokenFile ?? access?.tokenFile ?? '';
  return path === '' ? null : TokenList.parse(readText(path), path).best;
}

function tlsOf(
  { ca, cert, key }: AdminChoice,
  access: AdminAccessPlan | undefined,
  address: string,
): ClientTls | null {
  const pinned = access?.tls?.certFile;
  if (!address.startsWith('https:') && ca === undefined && cert === undefined) return null;
  return {
    ...(ca === undefined && pinned === undefined ? {} : { ca: readText((ca ?? pinned)!) }),
    ...(cert === undefined ? {} : { cert: readText(cert) }),
    ...(cert === undefined ? {} : { key: readText(key ?? cert) }),
    isPinned: ca === undefined && pinned !== undefined,
  };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const message = `cannot read "${path}": ${(error as Error).message}`;
    throw new BallastError('BAL_ADMIN_FILE', message, {
      hint: 'run the command as a user who may read it, or give another file',
      cause: error,
    });
  }
}
