/** All scenarios with all contenders: the comparison, as data. */
import { cpus, release } from 'node:os';
import { CONTENDERS } from './contenders/contenders.ts';
import type { Contender } from './contenders/contender.ts';
import { medianFigures, type Figures } from './figures.ts';
import type { OwnerLook } from './probe-result.ts';
import { runScenario } from './run-scenario.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';

export type Timeline = {
  readonly faultMs: number;
  readonly endMs: number;
  /** Starts of fresh requests that failed. */
  readonly failedMs: readonly number[];
  readonly owners: readonly OwnerLook[];
};

export type Cell = {
  readonly contender: string;
  /** The middle of all runs; null where it could not be run, and why. */
  readonly figures: Figures | null;
  readonly fault: string;
  readonly timeline: Timeline | null;
};

export type Comparison = {
  readonly date: string;
  readonly machine: string;
  readonly runs: number;
  readonly each: number;
  readonly contenders: readonly { readonly name: string; readonly title: string }[];
  readonly missing: readonly string[];
  readonly rows: readonly {
    readonly name: string;
    readonly title: string;
    readonly cells: readonly Cell[];
  }[];
};

export type CompareOptions = {
  readonly scenarios: readonly string[];
  readonly contenders: readonly string[];
  readonly runs: number;
  readonly each: number;
  readonly watchMs: number | null;
  readonly say: (text: string) => void;
  /** Gets what there is after each scenario: what has been measured is not lost with the rest. */
  readonly onRow: (soFar: Comparison) => void;
};

/** Runs one after the other: nothing shares the machine with what is measured. */
export async function compare(options: CompareOptions): Promise<Comparison> {
  const [scenarios, withoutScenarios] = installed(chosen(SCENARIOS, options.scenarios));
  const [contenders, withoutContenders] = installed(chosen(CONTENDERS, options.contenders));
  const missing = [...withoutContenders, ...withoutScenarios];
  for (const text of missing) options.say(`left out, not installed: ${text}`);
  const rows: Comparison['rows'][number][] = [];
  const [processor] = cpus();
  const soFar = (): Comparison => ({
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} × ${processor?.model.trim() ?? '?'}, Linux ${release()}`,
    runs: options.runs,
    each: options.each,
    contenders: contenders.map(({ name, title }) => ({ name, title })),
    missing,
    rows,
  });
  for (const [i, scenario] of scenarios.entries()) {
    const cells: Cell[] = [];
    for (const contender of contenders) {
      const at = `${i + 1}/${scenarios.length} ${scenario.name}, ${contender.title}`;
      cells.push(
        await cell(scenario, contender, {
          ...options,
          say: (text) => options.say(`${at}: ${text}`),
        }),
      );
    }
    rows.push({ name: scenario.name, title: scenario.title, cells });
    options.onRow(soFar());
  }
  return soFar();
}

type Needing = { readonly title: string; readonly missing?: () => readonly string[] };

/** Those that have what they need, and what the others lack. */
function installed<T extends Needing>(all: readonly T[]): [T[], string[]] {
  const lacking = (one: T): readonly string[] => one.missing?.() ?? [];
  return [
    all.filter((one) => lacking(one).length === 0),
    all.flatMap((one) => lacking(one).map((program) => `${one.title}: ${program}`)),
  ];
}

function chosen<T extends { readonly name: string }>(
  all: readonly T[],
  names: readonly string[],
): T[] {
  return names.length === 0 ? [...all] : all.filter(({ name }) => names.includes(name));
}

async function cell(
  scenario: Scenario,
  contender: Contender,
  { runs, each, watchMs, say }: CompareOptions,
): Promise<Cell> {
  const figures: Figures[] = [];
  let timeline: Timeline | null = null;
  let fault = '';
  for (let i = 0; i < runs; i++) {
    try {
      const run = await runScenario(scenario, contender, { each, watchMs, say });
      figures.push(run.figures);
      timeline = {
        faultMs: run.faultMs,
        endMs: Math.max(0, ...run.result.owners.map(({ atMs }) => atMs)),
        failedMs: run.result.fresh.filter((one) => one.fault !== '').map(({ startMs }) => startMs),
        owners: changes(run.result.owners),
      };
    } catch (error) {
      fault = (error as Error).message;
      say(`failed: ${fault}`);
    }
  }
  const middle = figures.length === 0 ? null : medianFigures(figures);
  return { contender: contender.name, figures: middle, fault, timeline };
}

/** Only where the owners are others than before. */
function changes(looks: readonly OwnerLook[]): OwnerLook[] {
  return looks.filter((look, i) => i === 0 || look.macs.join() !== looks[i - 1]!.macs.join());
}
