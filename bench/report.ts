/**
 * Puts the figures of the last full run into docs/benchmarks.md, between its markers.
 *
 * `report.ts [RESULT.json]`: bench/out/result.json unless another file is named.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunResult } from './result.ts';
import { markdown } from './table.ts';
import { outDir, root } from './tools.ts';

const BEGIN = '<!-- figures: begin -->';
const END = '<!-- figures: end -->';

/** The page with everything between its markers replaced; throws where a marker is missing. */
export function withFigures(page: string, figures: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`the page has no ${BEGIN} … ${END}`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${figures.trim()}\n\n${page.slice(end)}`;
}

if (import.meta.main) {
  const source = process.argv[2] ?? join(outDir, 'result.json');
  const target = join(root, 'docs/benchmarks.md');
  const run = JSON.parse(readFileSync(source, 'utf8')) as RunResult;
  writeFileSync(target, withFigures(readFileSync(target, 'utf8'), markdown(run)));
  console.log(`docs/benchmarks.md has the figures of ${run.date}`);
}
