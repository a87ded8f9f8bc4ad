/**
 * Runs one order in a thread of its own: loading what speaks ACME takes half a second, in which the
 * supervisor must look at heartbeats and servers, and its memory is given back at the end. Ending
 * the thread is what cancels an order, whatever it does. This module is also what the thread runs.
 *
 *   thread ── keep, answer (one at a time), note, log, then done or failed ──▶ supervisor
 *          ◀── null, or why that failed ───────────────────────────────────────
 */
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { AcmeError, type AcmeErrorCode, type AcmeErrorOptions } from './acme-error.ts';
import type { Obtained } from './order.ts';
import { printable } from './problem.ts';
import { runOrder, type OrderHost, type OrderJob } from './run-order.ts';
import type { Challenges, PendingOrder } from './tries.ts';

/** An order that takes longer has failed, in ms. */
export const ORDER_LIMIT_MS = 300_000;
/** Memory of the thread, far more than it needs. */
const HEAP_MIB_MAX = 256;

/** An AcmeError as it passes between threads. */
type Told = { readonly code: AcmeErrorCode; readonly message: string } & AcmeErrorOptions;

type FromThread =
  | { readonly type: 'keep'; readonly pending: PendingOrder }
  | { readonly type: 'answer'; readonly challenges: Challenges }
  | { readonly type: 'note'; readonly what: string }
  | {
      readonly type: 'log';
      readonly level: 'info' | 'warn';
      readonly fields: object;
      readonly message: string;
    }
  | { readonly type: 'done'; readonly obtained: Obtained }
  | { readonly type: 'failed'; readonly error: Told };

export type ThreadOptions = {
  readonly job: OrderJob;
  readonly host: Omit<OrderHost, 'note'>;
  /** Ends the order. */
  readonly cancelled: AbortSignal;
  readonly limitMs?: number;
};

/**
 * Carries an order out. Rejects with AcmeError whatever goes wrong; after `cancelled` with any error
 * at all. When it is settled the thread has ended.
 */
export async function orderInThread(options: ThreadOptions): Promise<Obtained> {
  const { job, host, cancelled, limitMs = ORDER_LIMIT_MS } = options;
  cancelled.throwIfAborted();
  const thread = new Worker(new URL(import.meta.url), {
    workerData: job,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB_MAX },
  });
  let waitsFor = 'its begin';
  let timer: NodeJS.Timeout | undefined;
  let cancel = (): void => {};
  try {
    return await new Promise<Obtained>((resolve, reject) => {
      timer = setTimeout(() => reject(timeoutError(limitMs, waitsFor)), limitMs);
      cancel = () => reject(new Error('cancelled'));
      cancelled.addEventListener('abort', cancel);
      thread.on('error', (error) => reject(crashError(error as Error)));
      thread.on('exit', () => reject(crashError(new Error('its thread has ended'))));
      thread.on('message', (message: FromThread) => {
        if (message.type === 'done') resolve(message.obtained);
        else if (message.type === 'failed') reject(errorOf(message.error));
        else if (message.type === 'note') waitsFor = message.what;
        else if (message.type === 'log') host.log[message.level](message.fields, message.message);
        else void serve(message, host).then((failure) => thread.postMessage(failure));
      });
    });
  } finally {
    clearTimeout(timer);
    cancelled.removeEventListener('abort', cancel);
    await thread.terminate();
  }
}

type Request = Extract<FromThread, { type: 'keep' | 'answer' }>;

/** Does what the thread asks for; resolves with why it could not be done, else null. */
async function serve(request: Request, host: ThreadOptions['host']): Promise<Told | null> {
  try {
    if (request.type === 'keep') await host.keep(request.pending);
    else await host.answer(request.challenges);
    return null;
  } catch (error) {
    return toldOf(error as AcmeError);
  }
}

function toldOf({ code, message, hint, scope, retryAfterMs, problem }: AcmeError): Told {
  return { code, message, scope, retryAfterMs, problem, ...(hint === undefined ? {} : { hint }) };
}

function errorOf({ code, message, ...options }: Told): AcmeError {
  return new AcmeError(code, message, options);
}

function timeoutError(limitMs: number, waitsFor: string): AcmeError {
  const seconds = limitMs / 1_000;
  const message = `an order was not done within ${seconds} s: it waited for ${waitsFor}`;
  return new AcmeError('BAL_ACME_TIMEOUT', message);
}

function crashError({ message }: Error): AcmeError {
  const what = `an order met what it does not understand: ${printable(message)}`;
  return new AcmeError('BAL_ACME_ANSWER', what);
}

async function runInThread(job: OrderJob): Promise<FromThread> {
  const port = parentPort!;
  const post = (message: FromThread): void => port.postMessage(message);
  const ask = async (request: Request): Promise<void> => {
    const answered = once(port, 'message');
    post(request);
    const [failure] = (await answered) as [Told | null];
    if (failure !== null) throw errorOf(failure);
  };
  const host: OrderHost = {
    keep: (pending) => ask({ type: 'keep', pending }),
    answer: (challenges) => ask({ type: 'answer', challenges }),
    note: (what) => post({ type: 'note', what }),
    log: {
      info: (fields, message) => post({ type: 'log', level: 'info', fields, message }),
      warn: (fields, message) => post({ type: 'log', level: 'warn', fields, message }),
    },
  };
  try {
    return { type: 'done', obtained: await runOrder(job, host) };
  } catch (error) {
    return { type: 'failed', error: toldOf(error as AcmeError) };
  }
}

if (!isMainThread) parentPort!.postMessage(await runInThread(workerData as OrderJob));
