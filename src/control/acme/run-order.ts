/** One order with everything around it: limits, the account, the challenges, and what goes wrong. */
import { readFileSync } from 'node:fs';
import type { AcmePlan } from '../../config/plan-tls.ts';
import type { ProductLog } from '../product-log.ts';
import { openAccount, reopenAccount } from './accounts.ts';
import { AcmeError } from './acme-error.ts';
import { obtain, type Obtained, type OrderOptions } from './order.ts';
import { printable } from './problem.ts';
import { acmeLibrary, withCalls, type AcmeCalls } from './transport.ts';
import { NO_CHALLENGES, type Challenges, type PendingOrder } from './tries.ts';

/** An order that takes longer has failed, in ms. */
export const ORDER_LIMIT_MS = 300_000;
/** The workers have this long to take challenges, in ms. */
export const TOLD_LIMIT_MS = 5_000;

export type RunOptions = {
  readonly plan: AcmePlan;
  readonly stateFolder: string;
  readonly log: ProductLog;
  readonly userAgent: string;
  readonly pending: PendingOrder | null;
  readonly keep: (pending: PendingOrder) => Promise<void>;
  /** Gives the workers the challenges that are to be answered from now on. */
  readonly tell: (challenges: Challenges) => void;
  /** Resolves with whether all workers have taken them. */
  readonly told: (limitMs: number) => Promise<boolean>;
  /** Ends the order. */
  readonly cancelled: AbortSignal;
};

/**
 * Carries an order out. Rejects with AcmeError whatever goes wrong; after `cancelled` with any
 * error at all.
 */
export async function runOrder(options: RunOptions): Promise<Obtained> {
  const { plan, userAgent, tell, cancelled } = options;
  const limit = new AbortController();
  let waitsFor = 'the account';
  const timer = setTimeout(() => limit.abort(timeoutError(waitsFor)), ORDER_LIMIT_MS);
  const signal = AbortSignal.any([cancelled, limit.signal]);
  try {
    const calls: AcmeCalls = { signal, roots: readRoots(plan), userAgent, retryAfterMs: 0 };
    const note = (what: string): void => void (waitsFor = what);
    return await withCalls(calls, () => underAccount(options, calls, note));
  } catch (error) {
    throw asAcmeError(limit.signal.aborted ? limit.signal.reason : error);
  } finally {
    clearTimeout(timer);
    tell(NO_CHALLENGES);
  }
}

async function underAccount(
  options: RunOptions,
  calls: AcmeCalls,
  note: (what: string) => void,
): Promise<Obtained> {
  const { plan, stateFolder, log, pending, keep } = options;
  const library = await acmeLibrary();
  const account = { library, stateFolder, plan, log };
  const answer = (challenges: Challenges): Promise<void> => tellAll(options, challenges);
  const order: Omit<OrderOptions, 'client'> = { library, plan, calls, pending, keep, answer, note };
  const client = await openAccount(account);
  try {
    return await obtain({ ...order, client });
  } catch (error) {
    if (!(error instanceof AcmeError) || error.problem !== 'accountDoesNotExist') throw error;
    return obtain({ ...order, pending: null, client: await reopenAccount(account) });
  }
}

async function tellAll({ tell, told }: RunOptions, challenges: Challenges): Promise<void> {
  tell(challenges);
  if (await told(TOLD_LIMIT_MS)) return;
  const what = `not all workers have taken the challenges within ${TOLD_LIMIT_MS / 1_000} s`;
  // Nobody was asked to look at them yet.
  throw new AcmeError('BAL_ACME_WORKERS', what, { scope: 'directory' });
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

function timeoutError(waitsFor: string): AcmeError {
  const seconds = ORDER_LIMIT_MS / 1_000;
  return new AcmeError(
    'BAL_ACME_TIMEOUT',
    `an order was not done in ${seconds} s: it waited for ${waitsFor}`,
  );
}

/** What the library throws by itself is about answers that it does not understand. */
function asAcmeError(error: unknown): AcmeError {
  if (error instanceof AcmeError) return error;
  const what = error instanceof Error ? error.message : String(error);
  const message = `the directory does not answer as RFC 8555 says: ${printable(what)}`;
  return new AcmeError('BAL_ACME_ANSWER', message, { scope: 'directory', cause: error });
}
