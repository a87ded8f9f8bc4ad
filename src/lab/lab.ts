/** `ballast lab`: failures on demand, with real peers, on hosts in network namespaces. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BallastError } from '../base/errors.ts';
import { compare, type Comparison } from './compare.ts';
import { CONTENDERS } from './contenders/contenders.ts';
import { reportHtml } from './report-html.ts';
import { reportMarkdown } from './report-text.ts';
import { SCENARIOS } from './scenarios.ts';
import { withHosts } from './user-namespace.ts';

export type LabChoice = {
  readonly scenarios: readonly string[];
  readonly contenders: readonly string[];
  readonly runs: number;
  readonly each: number;
  readonly watchMs: number | null;
  readonly isJson: boolean;
  /** Folder for the report; null writes none. */
  readonly out: string | null;
};

/** Prints scenarios and contenders. */
export function listLab(): void {
  const names = (all: readonly { readonly name: string; readonly title: string }[]): string => {
    const width = Math.max(...all.map(({ name }) => name.length)) + 2;
    return all.map(({ name, title }) => `  ${name.padEnd(width)}${title}\n`).join('');
  };
  process.stdout.write(`Scenarios:\n${names(SCENARIOS)}\nContenders:\n${names(CONTENDERS)}`);
}

/** Runs what was chosen, and prints or writes the report. Without root in a user namespace. */
export async function runLab(choice: LabChoice): Promise<void> {
  checkNames('scenario', choice.scenarios, SCENARIOS);
  checkNames('contender', choice.contenders, CONTENDERS);
  await withHosts(async () => {
    const began = performance.now();
    const comparison = await compare({
      ...choice,
      onRow: (soFar) => write(soFar, choice),
      say: (text) => {
        const seconds = Math.round((performance.now() - began) / 1_000);
        process.stderr.write(`${String(seconds).padStart(5)} s  ${text}\n`);
      },
    });
    print(comparison, choice);
  });
}

function print(comparison: Comparison, { out, isJson }: LabChoice): void {
  process.stdout.write(isJson ? jsonText(comparison) : `${reportMarkdown(comparison)}\n`);
  if (out !== null) process.stderr.write(`report: ${join(out, 'failover.html')}\n`);
}

const jsonText = (comparison: Comparison): string => `${JSON.stringify(comparison, null, 1)}\n`;

function write(comparison: Comparison, { out }: LabChoice): void {
  if (out === null) return;
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, 'failover.html'), reportHtml(comparison));
  writeFileSync(join(out, 'failover.md'), reportMarkdown(comparison));
  writeFileSync(join(out, 'failover.json'), jsonText(comparison));
}

function checkNames(
  what: string,
  names: readonly string[],
  all: readonly { readonly name: string }[],
): void {
  for (const name of names) {
    if (all.some((one) => one.name === name)) continue;
    throw new BallastError('BAL_LAB_UNKNOWN', `there is no ${what} "${name}"`, {
      hint: '"ballast lab list" names them all',
    });
  }
}
