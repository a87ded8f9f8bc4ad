// Commands and targets that the documents name exist, and links lead somewhere.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { runCommand } from '../kit/ballast.ts';
import { read, ROOT, textFiles } from './sources.ts';

type Snippet = { readonly where: string; readonly language: string; readonly text: string };

/** Fragments of generated pages stand under src: their links are relative to docs. */
const documents = textFiles().filter((path) => path.endsWith('.md') && !path.startsWith('src/'));

/** All fenced blocks of the documents. */
function snippets(): Snippet[] {
  const found: Snippet[] = [];
  for (const path of documents) {
    const text = read(path);
    for (const match of text.matchAll(/^```(\w+)[^\n]*\n([^]*?)^```/gm)) {
      const line = text.slice(0, match.index).split('\n').length;
      found.push({ where: `${path}:${line}`, language: match[1]!, text: match[2]! });
    }
  }
  return found;
}

test('documents: every ballast command and make target in them exists', async () => {
  const { stdout } = await runCommand(['--help']);
  const commands = new Set([...stdout.matchAll(/^ {2}([a-z]+)\b/gm)].map(([, name]) => name));
  const targets = new Set([...read('Makefile').matchAll(/^([a-z-]+):/gm)].map(([, name]) => name));
  const faults: string[] = [];
  for (const { where, language, text } of snippets()) {
    if (!/^(sh|bash|console|shell)$/.test(language)) continue;
    for (const line of text.split('\n')) {
      const command = /^\s*(?:\$ )?(?:sudo )?(?:\S*\/)?ballast ([a-z]+)/.exec(line)?.[1];
      if (command !== undefined && !commands.has(command)) faults.push(`${where}: ${line}`);
      const target = /^\s*(?:\$ )?make ([a-z-]+)/.exec(line)?.[1];
      if (target !== undefined && !targets.has(target)) faults.push(`${where}: ${line}`);
    }
  }
  assert.deepEqual(faults, []);
});

test('documents: every link to a file of the project leads to one', () => {
  const faults: string[] = [];
  for (const path of documents) {
    for (const [, target] of read(path).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^([a-z]+:|#)/.test(target!)) continue;
      const file = target!.replace(/#.*$/, '');
      if (!existsSync(join(ROOT, dirname(path), file))) faults.push(`${path}: ${target}`);
    }
  }
  assert.deepEqual(faults, []);
});
