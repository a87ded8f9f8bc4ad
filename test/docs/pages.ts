/** The documents of the project, and the parts of them that tests look at. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

/** One document: its path from the root of the project, and its text. */
export type Page = { readonly path: string; readonly text: string };

/** A fenced block: its language, its lines, and the 1-based line of its fence. */
export type Block = { readonly language: string; readonly text: string; readonly line: number };

/** README, CHANGELOG and everything in docs. */
export function allPages(): Page[] {
  const inDocs = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
  const paths = ['README.md', 'CHANGELOG.md', ...inDocs.sort().map((name) => `docs/${name}`)];
  return paths.map((path) => page(path));
}

export function page(path: string): Page {
  return { path, text: readFileSync(join(ROOT, path), 'utf8') };
}

/** All fenced blocks of a page. */
export function blocksOf({ text }: Page): Block[] {
  const blocks: Block[] = [];
  const fence = /^```([a-z]*)\n([^]*?)^```$/gm;
  for (const match of text.matchAll(fence)) {
    const line = text.slice(0, match.index).split('\n').length;
    blocks.push({ language: match[1]!, text: match[2]!, line });
  }
  return blocks;
}

/** A page without its fenced blocks. */
export function proseOf({ text }: Page): string {
  return text.replaceAll(/^```[a-z]*\n[^]*?^```$/gm, '');
}

/** The cells of the rows of the table under the heading `heading`, its own head left out. */
export function tableUnder({ text }: Page, heading: string): string[][] {
  const at = text.indexOf(`${heading}\n`);
  if (at < 0) throw new Error(`no heading "${heading}"`);
  const lines = text.slice(at + heading.length).split('\n');
  const first = lines.findIndex((line) => line.startsWith('|'));
  const rows: string[][] = [];
  for (const line of lines.slice(first + 2)) {
    if (!line.startsWith('|')) break;
    const cells = line.slice(1, -1).split(/(?<!\\)\|/);
    rows.push(cells.map((cell) => cell.trim()));
  }
  return rows;
}

/** The texts in backquotes of a cell. */
export function codesIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]!);
}
