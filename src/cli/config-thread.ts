/**
 * Reads a configuration in a thread of its own: checking thousands of routes takes seconds, and the
 * supervisor must look at heartbeats and servers meanwhile. This module is also what the thread runs.
 */
import { statSync } from 'node:fs';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { BallastError } from '../base/errors.ts';
import { readConfig, type ConfigFile } from './config-file.ts';

type ThreadQuestion = { readonly file: string; readonly given: string | null };

type ThreadAnswer =
  | { readonly loaded: ConfigFile }
  | { readonly code: string; readonly message: string; readonly hint: string | undefined };

/** A smaller file is checked sooner than a thread starts, in bytes. */
export const THREAD_FILE_BYTES = 64 << 10;

/** The same as `readConfig`, for reloads: a large file does not hold up the caller's loop. */
export function readConfigForReload(
  file: string,
  given: string | null = null,
): Promise<ConfigFile> {
  const size = given?.length ?? statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  return size < THREAD_FILE_BYTES ? readConfig(file, given, 'run') : readConfigApart(file, given);
}

/** The same as `readConfig`, in a thread of its own. */
export async function readConfigApart(
  file: string,
  given: string | null = null,
): Promise<ConfigFile> {
  const question: ThreadQuestion = { file, given };
  const thread = new Worker(new URL(import.meta.url), { workerData: question });
  const answer = await new Promise<ThreadAnswer>((resolve, reject) => {
    thread.once('message', resolve);
    thread.once('error', reject);
    thread.once('exit', () => reject(new Error('the thread that reads the file has ended')));
  });
  if ('loaded' in answer) return answer.loaded;
  const { code, message, hint } = answer;
  throw new BallastError(code, message, hint === undefined ? {} : { hint });
}

async function answerInThread({ file, given }: ThreadQuestion): Promise<ThreadAnswer> {
  try {
    return { loaded: await readConfig(file, given, 'run') };
  } catch (error) {
    if (!(error instanceof BallastError)) throw error;
    const { code, message, hint } = error;
    return { code, message, hint };
  }
}

if (!isMainThread) parentPort!.postMessage(await answerInThread(workerData as ThreadQuestion));
