/**
 * The comparison: Ballast, HAProxy, NGINX and a C floor under the same work on the same machine.
 *
 * Leaves bench/out/result.json and result.md (partial.json and partial.md with --only), and prints
 * a table. Ends with 0 when the run was possible, whatever the figures say.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { killAll } from './children.ts';
import { PROGRAMS, contenderOf } from './contenders/table.ts';
import { takeLock } from './lock.ts';
import { describeMachine, otherCores, widenLogQueue } from './machine.ts';
import { measureRow } from './measure-row.ts';
import { USAGE, readOptions } from './options.ts';
import type { Options } from './options.ts';
import type { RowResult, RunResult } from './result.ts';
import type { Row } from './row.ts';
import { ROWS } from './rows.ts';
import type { Summary } from './statistics.ts';
import { markdown, terminalTable } from './table.ts';
import { removeAllTemporary } from './temporary.ts';
import { compileTools, installMissing, outDir } from './tools.ts';

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

function rowsOf(options: Options): readonly Row[] {
  const isMeant = (row: Row, word: string): boolean => row.id === word || row.load.kind === word;
  const unknown = options.only.filter((word) => !ROWS.some((row) => isMeant(row, word)));
  if (unknown.length > 0) {
    const names = [...ROWS.map((row) => row.id), 'http', 'https', 'tcp', 'udp'];
    throw new Error(`no row "${unknown[0]}": ${names.join(', ')} are there`);
  }
  if (options.only.length === 0) return ROWS;
  return ROWS.filter((row) => options.only.some((word) => isMeant(row, word)));
}

async function versions(): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {};
  for (const program of PROGRAMS) {
    const version = await contenderOf(program).version();
    if (version !== null) found[program] = version;
    else say(`${program} is not there: the rows go on without it`);
  }
  return found;
}

/** The floor alone: how much the machine itself changes during a run. */
async function noise(options: Options): Promise<Summary | null> {
  const row = ROWS.find((one) => one.id === 'floor')!;
  const alone = { ...row, variants: row.variants.filter((one) => one.program === 'floor') };
  const result = await measureRow(alone, { ...options, rounds: 3 }, say);
  return result.variants[0]?.summary ?? null;
}

async function runAll(options: Options, rows: readonly Row[]): Promise<RunResult> {
  const date = new Date().toISOString();
  const found = await versions();
  say('noise, before');
  const before = await noise(options);
  const results: RowResult[] = [];
  for (const row of rows) {
    say(`${row.id}: ${row.title}`);
    results.push(await measureRow(row, options, say));
  }
  say('noise, after');
  const after = await noise(options);
  const { rounds, seconds, warmupSeconds, core } = options;
  return {
    date,
    machine: describeMachine(),
    versions: found,
    rounds,
    seconds,
    warmupSeconds,
    core,
    noise: { before, after },
    rows: results,
  };
}

/** The harness itself keeps off the balancer's core, and so does what it starts. */
function pinSelf(core: number): void {
  spawnSync('taskset', ['-acp', otherCores(core), String(process.pid)], { stdio: 'ignore' });
}

function prepare(options: Options): void {
  const missing = installMissing(say);
  if (missing.includes('cc') || missing.includes('taskset')) {
    throw new Error('a C compiler and taskset (util-linux) are needed');
  }
  compileTools();
  pinSelf(options.core);
  if (otherCores(options.core) === String(options.core)) {
    say('this machine has one core: load and balancer share it, and the figures say little');
  }
  const profiles = join(outDir, 'profile');
  if (options.profile) {
    rmSync(profiles, { recursive: true, force: true });
    mkdirSync(profiles, { recursive: true });
  }
}

async function main(): Promise<void> {
  const fromMake = (process.env['BENCH'] ?? '').split(' ').filter((word) => word !== '');
  const options = readOptions([...process.argv.slice(2), ...fromMake]);
  if (options.help) {
    say(USAGE);
    return;
  }
  const rows = rowsOf(options);
  if (options.list) {
    for (const row of rows) say(`${row.id.padEnd(17)}${row.title}`);
    return;
  }
  mkdirSync(outDir, { recursive: true });
  const giveBackLock = takeLock();
  process.on('exit', giveBackLock);
  prepare(options);
  const narrowLogQueue = widenLogQueue();
  process.on('exit', () => {
    killAll();
    removeAllTemporary();
    narrowLogQueue();
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => process.exit(130));
  }
  const result = await runAll(options, rows);
  const name = options.only.length === 0 ? 'result' : 'partial';
  writeFileSync(join(outDir, `${name}.json`), `${JSON.stringify(result, null, 2)}\n`);
  writeFileSync(join(outDir, `${name}.md`), `${markdown(result)}\n`);
  say(`\n${terminalTable(result)}`);
  say(`bench/out/${name}.json and ${name}.md have everything`);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
