// What stands in the documents between fences: configurations load, commands exist.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { allPages, blocksOf, ROOT } from './pages.ts';

const pages = allPages();

/** What a part of a configuration may lack: the parts around it. */
const LACKS = new Set([
  'BAL_CONFIG_MISSING_KEY',
  'BAL_CONFIG_UNUSED_POOL',
  'BAL_CONFIG_UNKNOWN_POOL',
]);

let whole = 0;
for (const page of pages) {
  for (const { text, line } of blocksOf(page).filter(({ language }) => language === 'yaml')) {
    const isWhole = /^listeners:/m.test(text);
    if (isWhole) whole += 1;
    const title = `the ${isWhole ? 'configuration' : 'part of a configuration'} at`;
    test(`${title} ${page.path}:${line} loads without a diagnostic`, () => {
      const options = { readFile: () => Buffer.from('page'), cores: 2 };
      const { plan, diagnostics } = loadConfig(text, 'ballast.yaml', options);
      const found = diagnostics.map(({ code, message }) => `${code}: ${message}`);
      if (isWhole) {
        assert.deepEqual(found, []);
        assert.notEqual(plan, null);
      } else {
        assert.deepEqual(
          found.filter((text_) => !LACKS.has(text_.slice(0, text_.indexOf(':')))),
          [],
        );
      }
    });
  }
}

test('the documents show whole configurations', () => {
  assert.ok(whole >= 6, `${whole}`);
});

const main = readFileSync(join(ROOT, 'src/cli/main.ts'), 'utf8');
const makefile = readFileSync(join(ROOT, 'Makefile'), 'utf8');
const COMMANDS = new Set([...main.matchAll(/\.command\('([a-z]+)/g)].map((match) => match[1]!));
const OPTIONS = new Set([...main.matchAll(/--[a-z]+/g)].map((match) => match[0]));
const TARGETS = new Set([...makefile.matchAll(/^([a-z-]+):/gm)].map((match) => match[1]!));

/** Commands, options and targets that a text uses and that do not exist. */
function unknownWords(text: string): string[] {
  const unknown: string[] = [];
  for (const [, command = '', rest = ''] of text.matchAll(/\bballast ([a-z]+)\b([^\n]*)/g)) {
    if (!COMMANDS.has(command)) unknown.push(`ballast ${command}`);
    for (const [option] of rest.matchAll(/--[a-z]+/g)) {
      if (!OPTIONS.has(option)) unknown.push(`ballast ${command} ${option}`);
    }
  }
  for (const [, target = ''] of text.matchAll(/\bmake ([a-z-]+)/g)) {
    if (!TARGETS.has(target)) unknown.push(`make ${target}`);
  }
  return unknown;
}

test('unknownWords finds commands, options and targets that do not exist', () => {
  assert.deepEqual(unknownWords('ballast run a.yaml --fast\nballast fly\nmake test\nmake tea'), [
    'ballast run --fast',
    'ballast fly',
    'make tea',
  ]);
});

for (const page of pages) {
  for (const { text, line } of blocksOf(page).filter(({ language }) => language === 'sh')) {
    test(`the commands at ${page.path}:${line} exist`, () => {
      // Services and users of the system have the name too: only the program is meant.
      const commands = text.replaceAll(/\b(systemctl|journalctl)\b[^\n]*/g, '');
      assert.deepEqual(unknownWords(commands), []);
    });
  }
}
