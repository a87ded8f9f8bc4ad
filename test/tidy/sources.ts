/** The project's tracked and new files, as the tidy tests read them. */
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** Every TypeScript file, relative to the root. */
export const typeScriptFiles: readonly string[] = globSync(
  ['src/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts'],
  { cwd: ROOT },
).sort();

/** Every text file of the repository, or of an unpacked archive of it. */
export function textFiles(): string[] {
  let files: string[];
  try {
    const args = ['ls-files', '--cached', '--others', '--exclude-standard'];
    const output = execFileSync('git', args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'ignore'] });
    files = output.toString().split('\n');
  } catch {
    files = globSync(['*', '.ci/*', '{src,test,bench,docs,bin}/**/*'], { cwd: ROOT });
  }
  const isText = (path: string): boolean =>
    /(\.(ts|c|sh|md|json|ya?ml|html|css)|Makefile|LICENSE|bin\/ballast|\.ci\/run)$/.test(path);
  return files.filter((path) => isText(path) && existsSync(join(ROOT, path)));
}

export type Import = { readonly from: string; readonly line: number };

/** Removes comments, and the content of strings that are no import. */
export function withoutComments(text: string): string {
  return text
    .replace(/\/\*[^]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '))
    .replace(/(^|[^:'"`\\])\/\/.*$/gm, '$1');
}

/** What a file imports: bare names as written, own files relative to the root. */
export function importsOf(path: string): Import[] {
  const text = withoutComments(read(path));
  const imports: Import[] = [];
  const pattern = /(?:^|\n)\s*(?:import|export)\b[^;]*?\bfrom\s+'([^']+)'|\bimport\(\s*'([^']+)'/g;
  for (const match of text.matchAll(pattern)) {
    const name = (match[1] ?? match[2])!;
    const line = text.slice(0, match.index + match[0].length).split('\n').length;
    const from = name.startsWith('.') ? normalize(join(dirname(path), name)) : name;
    imports.push({ from, line });
  }
  return imports;
}
