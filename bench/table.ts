/** The figures as text: a table for the terminal and one in Markdown. */
import type { RatioResult, RowResult, RunResult, VariantResult } from './result.ts';
import type { Summary } from './statistics.ts';
import { median } from './statistics.ts';

/** Three significant digits, with separators for thousands. */
function number(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
  return value.toPrecision(3);
}

const ratio = (value: number): string => value.toFixed(2);

function spread(summary: Summary, format: (value: number) => string): string {
  return `${format(summary.min)} – ${format(summary.max)}`;
}

const titleOf = (row: RowResult, id: string): string =>
  row.variants.find((variant) => variant.id === id)?.title ?? id;

function verdict({ isMet, limit }: RatioResult): string {
  if (isMet === null) return '';
  return `target ≤ ${limit?.toFixed(2)}: ${isMet ? 'met' : 'missed'}`;
}

function medianOf(
  variant: VariantResult,
  of: 'requestsPerSecond' | 'coreShare' | 'userShare',
): number {
  return median(variant.samples.filter((s) => s.value !== null).map((s) => s[of]));
}

function problemsOf(variant: VariantResult): string | null {
  const failed = variant.samples.filter((sample) => sample.problem !== null);
  if (failed.length === 0) return null;
  return `${failed.length} of ${variant.samples.length} samples not valid: ${failed[0]!.problem}`;
}

function memoryOf(variant: VariantResult): string {
  const known = variant.samples.map((sample) => sample.memoryMib).filter((mib) => mib !== null);
  return known.length === 0 ? '' : `, ${number(median(known))} MiB in all`;
}

function variantLine(row: RowResult, variant: VariantResult, width: number): string {
  const { summary } = variant;
  if (summary === null) return `  ${variant.title.padEnd(width)}  no figure`;
  const figure = `${number(summary.median)} ${row.unit} (${spread(summary, number)})${memoryOf(variant)}`;
  const perSecond = medianOf(variant, 'requestsPerSecond');
  const rest =
    perSecond > 0
      ? `  ${number(perSecond)} / s, core ${Math.round(medianOf(variant, 'coreShare') * 100)} %, user ${Math.round(medianOf(variant, 'userShare') * 100)} %`
      : '';
  return `  ${variant.title.padEnd(width)}  ${figure}${rest}`;
}

function ratioLine(row: RowResult, one: RatioResult): string {
  const names = `${titleOf(row, one.of)} / ${titleOf(row, one.to)}`;
  return `  → ${names}: ${ratio(one.median)} (${spread(one, ratio)})  ${verdict(one)}`.trimEnd();
}

function terminalRow(row: RowResult): string {
  const width = Math.max(...row.variants.map((variant) => variant.title.length), 0);
  const lines = [row.title + (row.rate === null ? '' : ` (${number(row.rate)} requests / s)`)];
  for (const variant of row.variants) {
    lines.push(variantLine(row, variant, width));
    const problem = problemsOf(variant);
    if (problem !== null) lines.push(`    ${problem}`);
  }
  lines.push(...row.ratios.map((one) => ratioLine(row, one)));
  return lines.join('\n');
}

function noiseText(run: RunResult): string {
  const { before, after } = run.noise;
  const of = (summary: Summary | null): string =>
    summary === null ? 'not measured' : `${number(summary.median)} (${spread(summary, number)})`;
  return `${of(before)} before, ${of(after)} after`;
}

/** Above this share, what else ran on the balancer's core makes the figures worth little. */
const OTHERS_MAX = 0.05;

/** A warning, or "" where the balancer had its core to itself. */
function othersText(run: RunResult): string {
  const samples = run.rows.flatMap((row) => row.variants.flatMap((variant) => variant.samples));
  const share = median(samples.map((sample) => sample.othersShare));
  if (!(share > OTHERS_MAX)) return '';
  return `Not figures to keep: other processes had a median of ${Math.round(share * 100)} % of the balancer's core`;
}

/** All rows for a person at a terminal. */
export function terminalTable(run: RunResult): string {
  const rows = run.rows.map(terminalRow).join('\n\n');
  const others = othersText(run);
  const warning = others === '' ? '' : `${others}\n`;
  return `${rows}\n\nnoise: the C floor in µs / request: ${noiseText(run)}\n${warning}`;
}

function cell(row: RowResult, id: string): string {
  const variant = row.variants.find((one) => one.id === id);
  return variant?.summary ? number(variant.summary.median) : '–';
}

function targetCells(row: RowResult): readonly string[] {
  const [first] = row.ratios;
  if (first === undefined) return ['–', '', '', 'no figure'];
  const names = `${titleOf(row, first.of)} / ${titleOf(row, first.to)}`;
  const cells = [`**${ratio(first.median)}**`, spread(first, ratio)];
  if (first.isMet === null) return [...cells, 'none', names];
  return [
    ...cells,
    `≤ ${first.limit?.toFixed(2)}`,
    `${first.isMet ? 'met' : '**missed**'} (${names})`,
  ];
}

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

function summaryTable(run: RunResult): string {
  const head = [
    'work',
    'unit',
    'Ballast',
    'HAProxy',
    'NGINX',
    'C floor',
    'ratio',
    'least – greatest',
    'target',
    '',
  ];
  const lines = [line(head), line(head.map(() => '---'))];
  for (const row of run.rows) {
    const figures = ['ballast', 'haproxy', 'nginx', 'floor'].map((id) => cell(row, id));
    lines.push(line([row.title, row.unit, ...figures, ...targetCells(row)]));
  }
  return lines.join('\n');
}

function detailTable(run: RunResult): string {
  const head = [
    'work',
    'contender',
    'median',
    'least – greatest',
    'per second',
    'core',
    'in user mode',
    'logged',
  ];
  const lines = [line(head), line(head.map(() => '---'))];
  for (const row of run.rows) {
    for (const variant of row.variants) {
      const { summary } = variant;
      const perSecond = medianOf(variant, 'requestsPerSecond');
      const logged = variant.samples.map((s) => s.loggedShare).filter((share) => share !== null);
      const percent = (of: 'coreShare' | 'userShare'): string =>
        perSecond > 0 ? `${Math.round(medianOf(variant, of) * 100)} %` : '–';
      lines.push(
        line([
          row.id,
          variant.title,
          summary === null
            ? (problemsOf(variant) ?? 'no figure')
            : `${number(summary.median)} ${row.unit}${memoryOf(variant)}`,
          summary === null ? '–' : spread(summary, number),
          perSecond > 0 ? number(perSecond) : '–',
          percent('coreShare'),
          percent('userShare'),
          logged.length === 0 ? '–' : `${(median(logged) * 100).toFixed(1)} %`,
        ]),
      );
    }
  }
  return lines.join('\n');
}

function machineText(run: RunResult): string {
  const { machine } = run;
  const versions = Object.entries(run.versions).map(([name, version]) => `${name} ${version}`);
  return [
    `- Date: ${run.date.slice(0, 10)}; ${run.rounds} rounds, ${run.seconds} s measured after ${run.warmupSeconds} s under load in each sample`,
    `- Machine: ${machine.processor}, ${machine.cores} cores, ${machine.memoryGib} GiB, ${machine.isVirtual ? 'virtual' : 'bare metal'}, ${machine.architecture}`,
    `- System: ${machine.distribution}, Linux ${machine.kernel}, Node ${machine.node}`,
    `- Versions: ${versions.join(', ')}`,
    `- Noise: the C floor cost ${noiseText(run)} µs per request`,
    ...(othersText(run) === '' ? [] : [`- **${othersText(run)}**`]),
  ].join('\n');
}

/** All rows for docs/benchmarks.md. */
export function markdown(run: RunResult): string {
  const notes = run.rows.filter((row) => row.note !== '').map((row) => `- ${row.id}: ${row.note}`);
  const others = run.rows.flatMap((row) =>
    row.ratios
      .slice(1)
      .map(
        (one) =>
          `- ${row.id}: ${titleOf(row, one.of)} / ${titleOf(row, one.to)} = ${ratio(one.median)} (${spread(one, ratio)})`,
      ),
  );
  return [
    machineText(run),
    summaryTable(run),
    'Notes:\n',
    notes.join('\n'),
    'Other ratios:\n',
    others.join('\n'),
    'Every contender:\n',
    detailTable(run),
  ]
    .join('\n\n')
    .replaceAll(':\n\n\n', ':\n\n');
}
