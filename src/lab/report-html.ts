/** The comparison as one HTML file that needs nothing else. Pure. */
import type { Cell, Comparison, Timeline } from './compare.ts';
import { COLUMNS } from './report-text.ts';

const WIDTH = 640;
const HEIGHT = 30;

const STYLE = `
:root {
  color-scheme: light dark;
  --ink: #1b1f24; --paper: #fff; --line: #d5dae0;
  --a: #2f7d4f; --b: #2b6cb0; --two: #b7791f; --none: #c53030;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e6e9ed; --paper: #15181c; --line: #363c44;
    --a: #59b07f; --b: #6ea8e0; --two: #e0a64a; --none: #f07373;
  }
}
body {
  font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 78rem; margin: 2rem auto; padding: 0 1rem;
}
h1 { font-size: 1.5rem; }
h2 { font-size: 1.1rem; margin: 2.2rem 0 .4rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td {
  text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line);
  vertical-align: middle;
}
th { font-weight: 600; font-size: .85rem; }
svg { display: block; width: 100%; min-width: 16rem; height: ${HEIGHT}px; }
.scroll { overflow-x: auto; }
.key span {
  display: inline-block; width: .9rem; height: .9rem; margin: 0 .3rem 0 1rem;
  vertical-align: -.1rem;
}
`;

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** The whole page. */
export function reportHtml(comparison: Comparison): string {
  const { date, machine, runs, each, missing, rows } = comparison;
  const sections = rows.map(({ name, title, cells }) => {
    const body = cells.map((cell) => rowHtml(cell, comparison)).join('\n');
    const heads = ['', ...COLUMNS.map(({ head }) => head), 'who answers for the address'];
    const head = heads.map((text) => `<th>${escape(text)}</th>`).join('');
    return `<h2>${escape(name)}: ${escape(title)}</h2><div class="scroll"><table><tr>${head}</tr>${body}</table></div>`;
  });
  const left = missing.map((text) => `<p>Left out, not installed: ${escape(text)}.</p>`).join('');
  const key = [
    ['a', 'the first node'],
    ['b', 'another node'],
    ['two', 'two at once'],
    ['none', 'nobody; below it, new connections that failed'],
  ].map(([name, text]) => `<span style="background: var(--${name})"></span>${text}`);
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Ballast lab: comparison</title><style>${STYLE}</style>
<h1>What happens to clients when something fails</h1>
<p>${escape(date)}, ${escape(machine)}; ${runs === 1 ? 'one run' : `middle of ${runs} runs`} each;
a new connection every 10 ms, ${3 * each} established ones, and a question for the address every 20 ms.</p>
<p class="key">Timelines begin 1.5 s before the fault, which is the vertical line.${key.join('')}</p>
${left}${sections.join('\n')}
</html>
`;
}

function rowHtml(cell: Cell, { contenders }: Comparison): string {
  const title = contenders.find(({ name }) => name === cell.contender)!.title;
  const { figures, timeline, fault } = cell;
  if (figures === null) {
    return `<tr><td>${escape(title)}</td><td colspan="${COLUMNS.length + 1}">not run: ${escape(fault)}</td></tr>`;
  }
  const values = COLUMNS.map(({ of }) => `<td>${escape(of(figures))}</td>`).join('');
  return `<tr><td>${escape(title)}</td>${values}<td>${timeline === null ? '' : timelineSvg(timeline)}</td></tr>`;
}

function timelineSvg({ faultMs, endMs, owners, failedMs }: Timeline): string {
  const fromMs = Math.max(0, faultMs - 1_500);
  const x = (ms: number): number =>
    (Math.max(0, ms - fromMs) / Math.max(1, endMs - fromMs)) * WIDTH;
  const first = owners.find(({ macs }) => macs.length === 1)?.macs[0];
  const bars = owners.map(({ atMs, macs }, i) => {
    const untilMs = owners[i + 1]?.atMs ?? endMs;
    const width = x(untilMs) - x(atMs);
    if (width <= 0) return '';
    const colour =
      macs.length === 0 ? 'none' : macs.length > 1 ? 'two' : macs[0] === first ? 'a' : 'b';
    return `<rect x="${x(atMs).toFixed(1)}" y="2" width="${width.toFixed(1)}" height="14" fill="var(--${colour})"/>`;
  });
  // One mark for all that failed within the width of it.
  const marks = [...new Set(failedMs.map((ms) => Math.round(x(ms))))].map(
    (at) => `<rect x="${at}" y="19" width="1.5" height="8" fill="var(--none)"/>`,
  );
  const fault = `<line x1="${x(faultMs)}" x2="${x(faultMs)}" y1="0" y2="${HEIGHT}" stroke="currentColor"/>`;
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="timeline">${bars.join('')}${marks.join('')}${fault}</svg>`;
}
