/** `ballast run`: the supervisor with its signals, from the first line of the log to the last. */
import { fileURLToPath } from 'node:url';
import type { Plan } from '../config/plan.ts';
import type { StandardOutlets } from '../control/log-sink.ts';
import { Outlet } from '../control/outlet.ts';
import { createProductLog, type ProductLog } from '../control/product-log.ts';
import { Supervisor } from '../control/supervisor.ts';
import { setCoreDumps } from '../sys/core-dumps.ts';
import { readConfig } from './config-file.ts';
import { readConfigForReload } from './config-thread.ts';
import { EXIT } from './exit-codes.ts';
import { startError } from './inspect-certificates.ts';
import { hasColours } from './print.ts';
import { readyLine } from './ready-line.ts';
import { startErrorText } from './start-error-text.ts';
import { productVersion } from './version.ts';

/** How long the last lines may take to be written when the program ends, in ms. */
const LAST_LINES_MS = 1_000;

const WORKER_ENTRY = fileURLToPath(new URL('../plane/worker.ts', import.meta.url));

/** Runs until a signal ends it. Exits the process itself. */
export async function run(file: string): Promise<void> {
  // Until the configuration allows them: from here on keys may be read.
  setCoreDumps(false);
  const standard = { stdout: Outlet.standard(1), stderr: Outlet.standard(2) };
  const loaded = await readConfig(file, null, 'run');
  process.stderr.write(loaded.text);
  if (loaded.plan === null) {
    process.exitCode = EXIT.refused;
    return;
  }
  const log = openLog(standard, loaded.plan);
  const supervisor = new Supervisor({
    file,
    load: (text) => readConfigForReload(file, text),
    standard,
    log,
    productVersion: productVersion(),
    workerEntry: WORKER_ENTRY,
    end: () => process.kill(process.pid, 'SIGTERM'),
  });
  const end = (code: number) => exit(code, standard);
  handleSignals({ supervisor, log, end });
  handleCrash(supervisor, log);
  try {
    const plan = await supervisor.start(loaded.plan, loaded.source);
    standard.stdout.write(Buffer.from(readyLine(plan, supervisor.adminAddress)));
  } catch (error) {
    const text = startErrorText(await startError(error, loaded.plan), file);
    standard.stderr.write(Buffer.from(text));
    await end(EXIT.refused);
  }
}

function openLog(standard: StandardOutlets, plan: Plan): ProductLog {
  return createProductLog({
    outlet: standard.stderr,
    level: plan.log.level,
    format: process.stderr.isTTY ? (hasColours(process.stderr) ? 'colour' : 'text') : 'json',
  });
}

type Running = {
  readonly supervisor: Supervisor;
  readonly log: ProductLog;
  readonly end: (code: number) => Promise<void>;
};

function handleSignals({ supervisor, log, end }: Running): void {
  let isEnding = false;
  const onEnd = (signal: string): void => {
    if (isEnding) {
      log.warn(`${signal} again: ends now`);
      supervisor.killAll();
      void end(EXIT.ok);
      return;
    }
    isEnding = true;
    log.info(`${signal}: drains, a second one ends at once`);
    void supervisor.drain().then(() => {
      log.info('drained');
      return end(EXIT.ok);
    });
  };
  process.on('SIGTERM', () => onEnd('SIGTERM'));
  process.on('SIGINT', () => onEnd('SIGINT'));
  process.on('SIGHUP', () => void supervisor.reload('SIGHUP'));
  process.on('SIGUSR1', () => supervisor.reopenLogs());
}

/**
 * An error of the supervisor's own ends it, but not the workers: they serve on with what they last
 * knew. Any other end takes the workers along.
 */
function handleCrash(supervisor: Supervisor, log: ProductLog): void {
  let hasCrashed = false;
  const crash = (error: unknown): void => {
    if (hasCrashed) return;
    hasCrashed = true;
    const stack = error instanceof Error ? error.stack : String(error);
    log.fatal({ stack }, 'the supervisor met an error of its own and ends; the workers go on');
    setTimeout(() => process.exit(EXIT.crash), CRASH_LINES_MS);
  };
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);
  process.on('exit', () => {
    if (!hasCrashed) supervisor.killAll();
  });
}

/** Time to get the last words of a crash out, in ms. */
const CRASH_LINES_MS = 100;

async function exit(code: number, standard: StandardOutlets): Promise<void> {
  await Promise.all([standard.stdout.flush(LAST_LINES_MS), standard.stderr.flush(LAST_LINES_MS)]);
  process.exit(code);
}
