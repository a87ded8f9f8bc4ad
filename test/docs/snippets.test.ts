// Configurations in the documents load without so much as a warning; options of commands exist.
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

const commands = [
  'src/cli/main.ts',
  'src/cli/server-commands.ts',
  'src/cli/address-commands.ts',
  'src/cli/lab-commands.ts',
  'src/cli/config-commands.ts',
  'src/cli/upgrade-command.ts',
  'src/cli/admin-options.ts',
]
  .map((path) => readFileSync(join(ROOT, path), 'utf8'))
  .join('');
const OPTION = /--[a-z]+(?:-[a-z]+)*/g;
const OPTIONS = new Set([...commands.matchAll(OPTION)].map((match) => match[0]));

test('the options of ballast commands in the documents exist', () => {
  const used = pages.flatMap((page) =>
    blocksOf(page).flatMap(({ text }) =>
      [...text.matchAll(/\bballast [a-z]+\b[^\n]*/g)].flatMap(
        ([command]) => command.match(OPTION) ?? [],
      ),
    ),
  );
  assert.ok(used.length > 0);
  assert.deepEqual(
    used.filter((option) => !OPTIONS.has(option)),
    [],
  );
});
