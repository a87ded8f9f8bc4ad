/**
 * Runs every test of the project in processes of their own and prints one line per file, each
 * failure and each skipped test in full, and the totals last.
 *
 * `run-tests.ts [PATH…]` runs only the files whose path holds one of the given texts.
 */
import { globSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { run } from 'node:test';
import type { EventData } from 'node:test';
import { inspect } from 'node:util';

/** Two files at a time: the tests with real processes must not starve each other. */
const CONCURRENCY = 2;
/** No file may take longer, in ms. */
const FILE_TIMEOUT_MS = 300_000;

const root = process.cwd();
const isUnderTest = (file: string): boolean =>
  process.argv.length < 3 || process.argv.slice(2).some((part) => file.includes(part));
/** Pure tests first: what is broken below makes the tests above fail too. */
const weight = (file: string): number =>
  file.startsWith('src/') ? (file.includes('.io.') ? 1 : 0) : 2;

const files = globSync(['src/**/*.test.ts', 'test/**/*.test.ts'])
  .filter(isUnderTest)
  .sort((a, b) => weight(a) - weight(b) || (a < b ? -1 : 1));

/** Files whose totals have come. */
const summarised = new Set<string>();

type FileTotals = { passed: number; failed: number; skipped: number };
const totals = new Map<string, FileTotals>();

function totalsOf(file: string | undefined): FileTotals {
  const key = relative(root, file ?? '?');
  let of = totals.get(key);
  if (of === undefined) {
    of = { passed: 0, failed: 0, skipped: 0 };
    totals.set(key, of);
  }
  return of;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function reportFailure(data: EventData.TestFail): void {
  totalsOf(data.file).failed += 1;
  print(`FAIL  ${relative(root, data.file ?? '?')}:${data.line ?? 0}  ${data.name}`);
  const { error } = data.details;
  const { cause } = error;
  const text = cause instanceof Error ? (cause.stack ?? cause.message) : inspect(error);
  print(text.replace(/^/gm, '      '));
}

function reportPass(data: EventData.TestPass): void {
  const of = totalsOf(data.file);
  if (data.skip !== undefined && data.skip !== false) {
    of.skipped += 1;
    print(`SKIP  ${data.name}: ${data.skip === true ? 'no reason given' : data.skip}`);
  } else {
    of.passed += 1;
  }
}

/** The runner's own totals, which come once per file and are printed at the end. */
const TOTAL = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) /;

function reportMeasurement(data: EventData.TestDiagnostic): void {
  if (!TOTAL.test(data.message)) print(`      ${data.message}`);
}

function reportSummary(data: EventData.TestSummary): void {
  if (data.file !== undefined) {
    const path = relative(root, data.file);
    const of = totals.get(path) ?? { passed: 0, failed: 0, skipped: 0 };
    const verdict = of.failed > 0 || !data.success ? 'not ok' : 'ok';
    const skipped = of.skipped > 0 ? `, ${of.skipped} skipped` : '';
    const seconds = (data.duration_ms / 1000).toFixed(1);
    summarised.add(data.file);
    print(`${verdict}  ${path}  ${of.passed} passed${skipped}  ${seconds} s`);
    return;
  }
  reportSilent();
  const { counts } = data;
  print(`# tests ${counts.tests}`);
  print(`# suites ${counts.suites}`);
  print(`# pass ${counts.passed}`);
  print(`# fail ${counts.tests - counts.passed - counts.skipped - counts.todo}`);
  print(`# skipped ${counts.skipped}`);
  print(`# duration_ms ${Math.round(data.duration_ms)}`);
  if (!data.success) process.exitCode = 1;
}

/** A file that said nothing at its end may have tested nothing: that is a failure. */
function reportSilent(): void {
  for (const file of files) {
    if (summarised.has(resolve(root, file))) continue;
    print(`FAIL  ${file} ended without its totals`);
    process.exitCode = 1;
  }
}

if (files.length === 0) {
  print('no test file matches');
  process.exitCode = 1;
}
for await (const event of run({
  files,
  concurrency: CONCURRENCY,
  // Not forceExit: it ends a file's process before all that it has to say has been read. A file that
  // leaves something open runs into this limit, and fails.
  timeout: FILE_TIMEOUT_MS,
})) {
  if (event.type === 'test:fail') {
    process.exitCode = 1;
    if (event.data.details.error.cause !== '1 subtest failed') reportFailure(event.data);
  } else if (event.type === 'test:pass') reportPass(event.data);
  else if (event.type === 'test:stderr') process.stderr.write(event.data.message);
  else if (event.type === 'test:diagnostic') reportMeasurement(event.data);
  else if (event.type === 'test:summary') reportSummary(event.data);
}
