/** `ballast doctor`: what of this machine and this configuration stands in the way. */
import { resolve } from 'node:path';
import { diagnose, type Diagnosis } from '../control/doctor/checks.ts';
import type { Severity } from '../control/doctor/check.ts';
import { gatherFacts } from '../control/doctor/gather/gather.ts';
import { readConfig } from './config-file.ts';
import { EXIT } from './exit-codes.ts';

export type DoctorChoice = { readonly file: string | undefined; readonly isJson: boolean };

/** Prints all findings; the exit code is 1 where one is a problem, or the file has mistakes. */
export async function doctor({ file, isJson }: DoctorChoice): Promise<void> {
  const loaded = file === undefined ? null : await readConfig(file);
  if (loaded !== null) process.stderr.write(loaded.text);
  const plan = loaded?.plan ?? null;
  const configured = plan === null ? null : { plan, file: resolve(file!) };
  const found = diagnose(gatherFacts(configured));
  const counts = countOf(found);
  const isGood = counts.problem === 0 && (loaded === null || plan !== null);
  process.stdout.write(
    isJson ? `${JSON.stringify({ ok: isGood, counts, findings: found }, null, 2)}\n` : text(found),
  );
  if (!isGood) process.exitCode = EXIT.refused;
}

type Counts = Record<Severity, number>;

function countOf(found: readonly Diagnosis[]): Counts {
  const counts = { problem: 0, advice: 0, unknown: 0, ok: 0 };
  for (const { severity } of found) counts[severity] += 1;
  return counts;
}

const ORDER: readonly Severity[] = ['problem', 'advice', 'unknown', 'ok'];

/** What needs to be done first, then what is well; a summary ends it. */
function text(found: readonly Diagnosis[]): string {
  const width = Math.max(...found.map(({ check }) => check.length));
  const parts = ORDER.flatMap((severity) =>
    found.filter((one) => one.severity === severity).map((one) => findingText(one, width)),
  );
  const counts = countOf(found);
  const summary = [
    `${counts.problem} ${counts.problem === 1 ? 'problem' : 'problems'}`,
    `${counts.advice} advice`,
    `${counts.unknown} unknown`,
    `${counts.ok} ok`,
  ];
  return `${parts.join('')}${summary.join(', ')}\n`;
}

function findingText({ severity, check, now, wanted, why, fix }: Diagnosis, width: number): string {
  const want = wanted === '' ? '' : `; wanted: ${wanted}`;
  const head = `${severity.padEnd(7)}  ${check.padEnd(width)}  ${now}${want}\n`;
  if (severity === 'ok' || severity === 'unknown') return head;
  const lines = [`why: ${why}`, ...fix.map((line, i) => `${i === 0 ? 'fix: ' : '     '}${line}`)];
  return `${head}${lines.map((line) => `         ${line}\n`).join('')}`;
}
