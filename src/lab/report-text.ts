/** The comparison as Markdown. Pure. */
import type { Comparison } from './compare.ts';
import type { Figures } from './figures.ts';

type Column = { readonly head: string; readonly of: (figures: Figures) => string };

const seconds = (ms: number): string => (ms / 1_000).toFixed(2);

/** What the report shows of each run. */
export const COLUMNS: readonly Column[] = [
  { head: 'longest silence, s', of: (f) => seconds(f.silenceMs) },
  { head: 'failed new connections', of: (f) => `${f.freshFailed} of ${f.freshSent}` },
  { head: 'failed requests, kept', of: (f) => `${f.keptFailed} of ${f.keptSent}` },
  {
    head: 'lost established (ping, idle, push)',
    of: (f) => `${f.lost.ping} + ${f.lost.idle} + ${f.lost.push} of ${f.opened}`,
  },
  {
    head: 'lost datagrams',
    of: ({ datagrams: d }) => (d === null ? '—' : `${d.lost} of ${d.sent}`),
  },
  { head: 'two owners, s', of: (f) => seconds(f.twoOwnersMs) },
  { head: 'no owner, s', of: (f) => seconds(f.noOwnerMs) },
  { head: 'moves', of: (f) => String(f.moves) },
];

/** Tables, one for each scenario. */
export function reportMarkdown(comparison: Comparison): string {
  const lines = [
    `Measured on ${comparison.date}: ${comparison.machine}; ` +
      `${comparison.runs === 1 ? 'one run' : `the middle of ${comparison.runs} runs`} each; ` +
      `${3 * comparison.each} established connections.`,
    '',
  ];
  for (const text of comparison.missing) lines.push(`Left out, not installed: ${text}.`, '');
  lines.push(...glance(comparison));
  for (const { name, title, cells } of comparison.rows) {
    lines.push(`### ${name}: ${title}`, '');
    lines.push(`| | ${COLUMNS.map(({ head }) => head).join(' | ')} |`);
    lines.push(`|---|${COLUMNS.map(() => '---').join('|')}|`);
    for (const { contender, figures, fault } of cells) {
      const of = comparison.contenders.find((one) => one.name === contender)!.title;
      const values = figures === null ? [`not run: ${fault}`] : COLUMNS.map((c) => c.of(figures));
      lines.push(`| ${of} | ${values.join(' | ')} |`);
    }
    lines.push('');
  }
  return lines.join('\n');
}

/** One line for each scenario: the longest silence, connections lost, and time with two owners. */
function glance({ rows, contenders }: Comparison): string[] {
  return [
    `| | ${contenders.map(({ title }) => title).join(' | ')} |`,
    `|---|${contenders.map(() => '---').join('|')}|`,
    ...rows.map(({ name, cells }) => `| ${name} | ${cells.map(glanceOf).join(' | ')} |`),
    '',
  ];
}

/** Less than this is the moment of a move, in ms. */
const TWO_OWNERS_MS = 100;

function glanceOf({ figures }: Comparison['rows'][number]['cells'][number]): string {
  if (figures === null) return 'not run';
  const { silenceMs, lost, twoOwnersMs, moves } = figures;
  const all = lost.ping + lost.idle + lost.push;
  return [
    `${seconds(silenceMs)} s`,
    `${all} lost`,
    ...(twoOwnersMs >= TWO_OWNERS_MS ? [`two owners ${seconds(twoOwnersMs)} s`] : []),
    ...(moves > 1 ? [`${moves} moves`] : []),
  ].join(', ');
}
