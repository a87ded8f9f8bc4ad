// Imports only point down the list of layers; pure folders see neither the system nor the clock.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importsOf, read, typeScriptFiles, withoutComments } from './sources.ts';

/** From the top to the bottom; folders of one row may not import each other. */
const LAYERS: readonly (readonly string[])[] = [
  ['cli'],
  ['kube', 'lab'],
  ['control'],
  ['plane', 'guard'],
  ['kernel'],
  ['sys'],
  ['config'],
  ['route', 'balance'],
  ['machine'],
  ['codec'],
  ['base'],
];

const PURE = new Set(['base', 'codec', 'machine', 'balance', 'route']);

/** What a pure folder may not mention: clocks, randomness, timers, the process. */
const IMPURE =
  /\b(Date\.now|new Date\(\)|Math\.random|performance\.|process\.|setTimeout|setInterval|setImmediate|crypto\.|console\.)/;

const isTest = (path: string): boolean => /(\.(test|bench)|-testkit)\.ts$/.test(path);

/** Helpers of tests and benchmarks beside pure code, which only those import. */
const isTestOnly = (path: string): boolean => {
  if (isTest(path)) return true;
  const importers = typeScriptFiles.filter((other) =>
    importsOf(other).some(({ from }) => from === path),
  );
  return importers.length > 0 && importers.every((other) => isTest(other));
};

const folderOf = (path: string): string | undefined => /^src\/([^/]+)\//.exec(path)?.[1];
const depthOf = (folder: string): number => LAYERS.findIndex((row) => row.includes(folder));

const sources = typeScriptFiles.filter((path) => path.startsWith('src/'));
const pureSources = sources.filter((path) => PURE.has(folderOf(path)!) && !isTestOnly(path));

test('layers: every folder of src has its place', () => {
  const unknown = sources.filter((path) => depthOf(folderOf(path) ?? '') < 0);
  assert.deepEqual(unknown, []);
});

test('layers: imports only point down', () => {
  const faults: string[] = [];
  for (const path of sources) {
    const own = folderOf(path)!;
    for (const { from, line } of importsOf(path)) {
      const other = folderOf(from);
      if (other === undefined) {
        if (/^(test|bench)\//.test(from) && !isTest(path)) faults.push(`${path}:${line}: ${from}`);
        continue;
      }
      if (other !== own && depthOf(other) <= depthOf(own)) faults.push(`${path}:${line}: ${from}`);
    }
  }
  assert.deepEqual(faults, []);
});

test('layers: pure folders import nothing of Node and no package', () => {
  const faults = pureSources.flatMap((path) =>
    importsOf(path)
      .filter(({ from }) => !from.startsWith('src/'))
      .map(({ from, line }) => `${path}:${line}: ${from}`),
  );
  assert.deepEqual(faults, []);
});

test('layers: pure folders read no clock, no random source and no process', () => {
  const faults: string[] = [];
  for (const path of pureSources) {
    for (const [i, line] of withoutComments(read(path)).split('\n').entries()) {
      const match = IMPURE.exec(line);
      if (match !== null) faults.push(`${path}:${i + 1}: ${match[0]}`);
    }
  }
  assert.deepEqual(faults, []);
});

test('layers: only src/sys imports koffi', () => {
  const faults = typeScriptFiles.filter(
    (path) =>
      !path.startsWith('src/sys/') && importsOf(path).some(({ from }) => from.startsWith('koffi')),
  );
  assert.deepEqual(faults, []);
});

/** The table of reason phrases is all of node:http that is of use. */
const HTTP_TABLES_ONLY = /import \{ STATUS_CODES \} from 'node:http'/;

test('layers: the data plane uses neither net, http nor promises', () => {
  const faults: string[] = [];
  for (const path of sources.filter((file) => file.startsWith('src/plane/') && !isTestOnly(file))) {
    for (const { from, line } of importsOf(path)) {
      if (from === 'node:http' && HTTP_TABLES_ONLY.test(read(path))) continue;
      if (/^node:(net|http|https|tls|stream|timers)\b/.test(from)) {
        faults.push(`${path}:${line}: ${from}`);
      }
    }
    if (/\b(async|await|Promise)\b/.test(withoutComments(read(path)))) faults.push(path);
  }
  assert.deepEqual(faults, []);
});

test('layers: the scanner sees imports of every form', () => {
  assert.deepEqual(
    importsOf('test/tidy/layers.test.ts').map(({ from }) => from),
    ['node:assert/strict', 'node:test', 'test/tidy/sources.ts'],
  );
});
