/** One order with everything around it: the account, the challenges, and what goes wrong. */
import { readFileSync } from 'node:fs';
import type { AcmePlan } from '../../config/plan-tls.ts';
import { openAccount, reopenAccount } from './accounts.ts';
import { AcmeError } from './acme-error.ts';
import { obtain, type Obtained, type OrderOptions } from './order.ts';
import { printable } from './problem.ts';
import { acmeLibrary, withCalls, type AcmeCalls } from './transport.ts';
import type { Challenges, PendingOrder } from './tries.ts';

/** What an order is about. */
export type OrderJob = {
  readonly plan: AcmePlan;
  readonly stateFolder: string;
  readonly userAgent: string;
  readonly pending: PendingOrder | null;
};

/** What an order needs of the supervisor. */
export type OrderHost = {
  /** Keeps the order, so that a later process can go on with it. Rejects with BAL_ACME_STATE. */
  readonly keep: (pending: PendingOrder) => Promise<void>;
  /** Has the workers answer these challenges. Rejects with BAL_ACME_WORKERS where they do not. */
  readonly answer: (challenges: Challenges) => Promise<void>;
  /** Says what is waited for, in words. */
  readonly note: (what: string) => void;
  readonly log: OrderLog;
};

/** The part of the log that an order writes to. */
export type OrderLog = {
  readonly [level in 'info' | 'warn']: (fields: object, message: string) => void;
};

/** Carries an order out, for as long as that takes. Rejects with AcmeError whatever goes wrong. */
export async function runOrder(job: OrderJob, host: OrderHost): Promise<Obtained> {
  const { plan, userAgent } = job;
  try {
    const calls: AcmeCalls = { roots: readRoots(plan), userAgent, retryAfterMs: 0 };
    return await withCalls(calls, () => underAccount(job, host, calls));
  } catch (error) {
    throw asAcmeError(error);
  }
}

async function underAccount(job: OrderJob, host: OrderHost, calls: AcmeCalls): Promise<Obtained> {
  const { plan, stateFolder, pending } = job;
  host.note('the account');
  const library = await acmeLibrary();
  const account = { library, stateFolder, plan, log: host.log };
  const order: Omit<OrderOptions, 'client'> = { ...host, library, plan, calls, pending };
  const client = await openAccount(account);
  try {
    return await obtain({ ...order, client });
  } catch (error) {
    if (!(error instanceof AcmeError) || error.problem !== 'accountDoesNotExist') throw error;
    return obtain({ ...order, pending: null, client: await reopenAccount(account) });
  }
}

function readRoots({ caFile }: AcmePlan): string | null {
  if (caFile === '') return null;
  try {
    return readFileSync(caFile, 'utf8');
  } catch (error) {
    const what = `cannot read the roots of the directory "${caFile}": ${(error as Error).message}`;
    throw new AcmeError('BAL_ACME_DIRECTORY_CERTIFICATE', what, { scope: 'directory' });
  }
}

/** What the library throws by itself is about answers that it does not understand. */
function asAcmeError(error: unknown): AcmeError {
  if (error instanceof AcmeError) return error;
  const what = error instanceof Error ? error.message : String(error);
  const message = `the directory does not answer as RFC 8555 says: ${printable(what)}`;
  return new AcmeError('BAL_ACME_ANSWER', message, { scope: 'directory', cause: error });
}
