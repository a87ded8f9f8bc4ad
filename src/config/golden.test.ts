import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CONFIG_ERROR_CODES } from './error-codes.ts';
import { PAGE_MAX } from './files.ts';
import { loadConfig } from './load.ts';
import { renderDiagnostics } from './render-diagnostic.ts';
import { FILE_MAX } from './yaml-file.ts';

// Inputs are golden/NAME.yaml; expected diagnostics stand in NAME.txt, the plan of a good file in
// NAME.json. UPDATE_GOLDEN=1 writes them anew: read the difference before keeping it.

const folder = join(import.meta.dirname, 'golden');
const isUpdate = process.env['UPDATE_GOLDEN'] === '1';
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => name.slice(0, -'.yaml'.length));

/** Where the files pretend to be, so that plans do not say where the repository is. */
const HOME = '/etc/ballast';

function readFile(path: string): Uint8Array | null {
  if (path.endsWith('huge.html')) return new Uint8Array(PAGE_MAX + 1);
  if (path.startsWith(`${HOME}/secrets/`)) return new TextEncoder().encode('secret');
  const real = path.replace(HOME, folder);
  return existsSync(real) ? readFileSync(real) : null;
}

function load(name: string) {
  const text = readFileSync(join(folder, `${name}.yaml`), 'utf8');
  const { plan, diagnostics } = loadConfig(text, `${HOME}/${name}.yaml`, { readFile, cores: 2 });
  const shown = diagnostics.map((diagnostic) => ({ ...diagnostic, file: `${name}.yaml` }));
  return { plan, diagnostics, rendered: renderDiagnostics(shown, text) };
}

function compare(path: string, actual: string): void {
  if (!isUpdate) {
    assert.equal(actual, existsSync(path) ? readFileSync(path, 'utf8') : '');
  } else if (actual === '') rmSync(path, { force: true });
  else writeFileSync(path, actual);
}

for (const name of names) {
  test(`loadConfig gives the expected result for golden/${name}.yaml`, () => {
    const { plan, rendered } = load(name);
    compare(join(folder, `${name}.txt`), rendered);
    const json = plan === null ? '' : `${JSON.stringify(plan, null, 2)}\n`;
    compare(join(folder, `${name}.json`), name.startsWith('good-') ? json : '');
  });
}

test('golden files cover every code of the table, and no other code is used', () => {
  const found = names.flatMap((name) => load(name).diagnostics);
  const huge = loadConfig(' '.repeat(FILE_MAX + 1), 'huge.yaml', { readFile, cores: 2 });
  const used = new Set([...found, ...huge.diagnostics].map(({ code }) => code));
  assert.deepEqual([...used].sort(), Object.keys(CONFIG_ERROR_CODES).sort());
});

test('golden files hold at least 40 files with mistakes, each reported with a place', () => {
  const bad = names.map(load).filter(({ diagnostics }) => diagnostics.length > 0);
  assert.ok(bad.length >= 40, `${bad.length}`);
  for (const { diagnostics } of bad) {
    for (const { line, column } of diagnostics) assert.ok(line >= 1 && column >= 1);
  }
});

test('no wording of the libraries leaks into a diagnostic', () => {
  for (const name of names) {
    for (const { message, hint } of load(name).diagnostics) {
      assert.doesNotMatch(`${message} ${hint}`, /invalid input|expected .*received|zod|undefined/i);
    }
  }
});
