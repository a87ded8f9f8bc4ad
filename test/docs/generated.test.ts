// Pages that are made from tables of the program are what the tables say. UPDATE_GOLDEN=1 writes them.
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { REASONS } from '../../src/base/reasons.ts';
import { doctorPage } from './doctor-page.ts';
import { ERROR_CODE_AREAS, errorsPage } from './errors-page.ts';
import { ROOT } from './pages.ts';
import { reasonsPage } from './reasons-page.ts';

/** Compares line by line: the message then shows what is stale, and not two whole pages. */
function compare(path: string, text: string): void {
  const full = join(ROOT, path);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(full, text);
  const found = existsSync(full) ? readFileSync(full, 'utf8').split('\n') : [];
  const wanted = text.split('\n');
  for (let i = 0; i < Math.max(found.length, wanted.length); i++) {
    assert.equal(found[i], wanted[i], `${path}:${i + 1} is stale: run with UPDATE_GOLDEN=1`);
  }
}

test('docs/reasons.md is what the table of reasons says', () => {
  compare('docs/reasons.md', reasonsPage());
});

test('docs/doctor.md is what the checks of ballast doctor say', () => {
  compare('docs/doctor.md', doctorPage());
});

test('docs/errors.md is what the tables of error codes say', () => {
  compare('docs/errors.md', errorsPage());
});

test('docs/reasons.md has every reason but "none" once', () => {
  const page = reasonsPage();
  for (const { word } of REASONS.slice(1)) {
    assert.equal(page.split(`| \`${word}\` |`).length, 2, word);
  }
});

test('every error code that the program uses is in a table, and the other way round', () => {
  const listed = ERROR_CODE_AREAS.flatMap(({ codes }) => Object.keys(codes));
  assert.equal(new Set(listed).size, listed.length, 'no code is in two tables');
  const used = new Set<string>();
  for (const file of globSync('src/**/*.ts', { cwd: ROOT })) {
    if (/\.test\.ts$|error-codes\.ts$/.test(file)) continue;
    const text = readFileSync(join(ROOT, file), 'utf8');
    for (const [, code = ''] of text.matchAll(/'(BAL_[A-Z]+_[A-Z_]+)'/g)) used.add(code);
  }
  assert.deepEqual([...used].filter((code) => !listed.includes(code)), []);
  assert.deepEqual(listed.filter((code) => !used.has(code)), []);
});
