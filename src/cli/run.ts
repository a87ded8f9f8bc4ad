/** `ballast run`: the supervisor with its signals, from the first line of the log to the last. */
import { fileURLToPath } from 'node:url';
import { BallastError } from '../base/errors.ts';
import type { Plan } from '../config/plan.ts';
import { Heir } from '../control/handover/heir.ts';
import { activatedSockets, type ActivatedSocket } from '../control/systemd/activation.ts';
import { Notifier } from '../control/systemd/notifier.ts';
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
import { RunSignals } from './run-signals.ts';
import { startErrorText } from './start-error-text.ts';
import { upgradeProgram } from './upgrade-program.ts';
import { productVersion } from './version.ts';

/** How long the last lines may take to be written when the program ends, in ms. */
const LAST_LINES_MS = 1_000;

const WORKER_ENTRY = fileURLToPath(new URL('../plane/worker.ts', import.meta.url));

/** Runs until a signal ends it. Exits the process itself. */
export async function run(file: string): Promise<void> {
  const activated = activatedSockets();
  const heir = Heir.fromEnvironment();
  try {
    await runFile({ file, heir, activated });
  } catch (error) {
    refuse(heir, error);
    throw error;
  }
}

type Start = {
  readonly file: string;
  readonly heir: Heir | null;
  readonly activated: readonly ActivatedSocket[];
};

async function runFile({ file, heir, activated }: Start): Promise<void> {
  // Until the configuration allows them: from here on keys may be read.
  setCoreDumps(false);
  const standard = { stdout: Outlet.standard(1), stderr: Outlet.standard(2) };
  const loaded = await readConfig(file, null, 'run');
  process.stderr.write(loaded.text);
  if (loaded.plan === null) {
    heir?.fail(`the configuration "${file}" has mistakes`, `"ballast check ${file}" prints them`);
    process.exitCode = EXIT.refused;
    return;
  }
  const log = openLog(standard, loaded.plan);
  const crash = new Crash(log);
  const notifier = new Notifier();
  const serving = () => {
    const { generation } = supervisor.succession;
    notifier.ready(`serving${generation > 1 ? `, generation ${generation}` : ''}`);
  };
  const supervisor: Supervisor = new Supervisor({
    file,
    load: (text) => readConfigForReload(file, text),
    standard,
    log,
    productVersion: productVersion(),
    workerEntry: WORKER_ENTRY,
    end: () => process.kill(process.pid, 'SIGTERM'),
    handover: {
      program: upgradeProgram(notifier.isOn),
      onPassed(passed) {
        notifier.mainProcess(passed.pid);
        void signals.passedTo(passed);
      },
      onStandInLost: () => crash.now('the process that was started first is gone'),
    },
    activated,
    onReload: (isUnderWay) => (isUnderWay ? notifier.reloading() : serving()),
  });
  const end = (code: number) => exit(code, standard);
  const signals = new RunSignals({
    supervisor,
    log,
    notifier,
    end,
    crash: (why) => crash.now(why),
  });
  process.on('exit', (code) => {
    supervisor.succession.ended(code);
    if (!crash.isUnderWay) supervisor.killAll();
  });
  void heir?.isAbandoned().then((isSo) => (isSo ? end(EXIT.refused) : undefined));
  try {
    const plan = await supervisor.start(loaded.plan, loaded.source, heir);
    standard.stdout.write(Buffer.from(readyLine(plan, supervisor.adminAddress)));
    serving();
    notifier.startWatchdog(() => supervisor.isWell);
  } catch (error) {
    const text = startErrorText(await startError(error, loaded.plan), file);
    standard.stderr.write(Buffer.from(text));
    if (heir?.hasOpened === true) return crash.now(error);
    refuse(heir, error);
    await end(EXIT.refused);
  }
}

/** Tells the process that runs why this one cannot take over. */
function refuse(heir: Heir | null, error: unknown): void {
  const hint = error instanceof BallastError ? (error.hint ?? '') : '';
  heir?.fail((error as Error).message, hint);
}

function openLog(standard: StandardOutlets, plan: Plan): ProductLog {
  return createProductLog({
    outlet: standard.stderr,
    level: plan.log.level,
    format: process.stderr.isTTY ? (hasColours(process.stderr) ? 'colour' : 'text') : 'json',
  });
}

/**
 * An error of the supervisor's own ends it, but not the workers: they serve on with what they last
 * knew. Any other end takes the workers along.
 */
class Crash {
  isUnderWay = false;
  readonly #log: ProductLog;

  constructor(log: ProductLog) {
    this.#log = log;
    process.on('uncaughtException', (error) => this.now(error));
    process.on('unhandledRejection', (error) => this.now(error));
  }

  /** Ends this process soon; `why` is an error, or words for people. */
  now(why: unknown): void {
    if (this.isUnderWay) return;
    this.isUnderWay = true;
    const stack = why instanceof Error ? why.stack : String(why);
    this.#log.fatal({ stack }, 'the supervisor ends, not as it should; the workers go on');
    setTimeout(() => process.exit(EXIT.crash), CRASH_LINES_MS);
  }
}

/** Time to get the last words of a crash out, in ms. */
const CRASH_LINES_MS = 100;

async function exit(code: number, standard: StandardOutlets): Promise<void> {
  await Promise.all([standard.stdout.flush(LAST_LINES_MS), standard.stderr.flush(LAST_LINES_MS)]);
  process.exit(code);
}
