// Sizes, names and words: the part of the style that a machine can keep.
import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { test } from 'node:test';
import { read, textFiles, typeScriptFiles, withoutComments } from './sources.ts';

const LINES_MAX = 400;
const LINES_MEDIAN_MAX = 120;
/** The formatter keeps code within 100; prose may end its last word behind that. */
const COLUMNS_MAX = 104;

/** Words that have no place in the repository; written so that this file does not hold them. */
const FORBIDDEN: readonly RegExp[] = [
  String.raw`\.\./share[d]`,
  '/wor[k]/',
  String.raw`\bissue #?[0-9]`,
  String.raw`registr[y]\.(npm|yarn)`,
].map((pattern) => new RegExp(pattern, 'i'));

const nameOf = (path: string): string => basename(path).replace(/\.ts$/, '');

test('style: no TypeScript file has more than 400 lines', () => {
  const long = typeScriptFiles.filter((path) => read(path).split('\n').length - 1 > LINES_MAX);
  assert.deepEqual(long, []);
});

test('style: the median source file has less than 120 lines', () => {
  const sizes = typeScriptFiles
    .filter((path) => path.startsWith('src/') && !/\.(test|bench)\.ts$/.test(path))
    .map((path) => read(path).split('\n').length - 1)
    .sort((a, b) => a - b);
  const median = sizes[sizes.length >> 1]!;
  assert.ok(median < LINES_MEDIAN_MAX, `the median is ${median}`);
});

/** The line without the content of its texts, which cannot be broken without being harder to find. */
function withoutTexts(line: string): string {
  return line
    .replace(/'[^']*'|"[^"]*"|`[^`]*`?|\/(?![*/ ]).*\/[a-z]*/g, '""')
    .replace(/.*\$\{.*/, '');
}

test('style: no line is longer than 100 columns, texts excepted', () => {
  const faults: string[] = [];
  for (const path of typeScriptFiles) {
    for (const [i, line] of read(path).split('\n').entries()) {
      const size = withoutTexts(line).length;
      if (size > COLUMNS_MAX) faults.push(`${path}:${i + 1}: ${size}`);
    }
  }
  assert.deepEqual(faults, []);
});

test('style: file names are in kebab-case', () => {
  const wrong = typeScriptFiles.filter((path) => !/^[a-z0-9]+([-.][a-z0-9]+)*$/.test(nameOf(path)));
  assert.deepEqual(wrong, []);
});

test('style: no file only passes on what others export', () => {
  const barrels = typeScriptFiles.filter((path) => {
    const text = withoutComments(read(path)).trim();
    const statements = text.split(';').map((part) => part.trim());
    const isPassing = (part: string): boolean => part === '' || /^export\b[^=]*\bfrom\b/.test(part);
    return text !== '' && statements.every(isPassing);
  });
  assert.deepEqual(barrels, []);
});

test('style: exports of src carry a doc comment', () => {
  const faults: string[] = [];
  for (const path of typeScriptFiles) {
    if (!path.startsWith('src/') || /\.(test|bench)\.ts$/.test(path)) continue;
    const lines = read(path).split('\n');
    // The comment at the head of a file is that of its main export.
    let isHeadTaken = !lines[0]!.startsWith('/**');
    for (const [i, line] of lines.entries()) {
      if (!/^export (async )?(function|class) /.test(line)) continue;
      const above = lines[i - 1]!.startsWith('// oxlint-') ? lines[i - 2] : lines[i - 1];
      if (/\*\/\s*$/.test(above ?? '')) continue;
      if (isHeadTaken) faults.push(`${path}:${i + 1}: ${line}`);
      isHeadTaken = true;
    }
  }
  assert.deepEqual(faults, []);
});

test('style: each test of its own kind says in its name what it is', () => {
  const users = typeScriptFiles.filter(
    (path) =>
      path.endsWith('.test.ts') && !/\.(io|netns)\.test\.ts$/.test(path) && path.startsWith('src/'),
  );
  const faults = users.filter((path) => /\bcreateServer\(|\bspawn\(/.test(read(path)));
  assert.deepEqual(faults, []);
});

test('style: no forbidden word in any file', () => {
  const faults: string[] = [];
  for (const path of textFiles()) {
    if (path === 'package-lock.json') continue;
    for (const [i, line] of read(path).split('\n').entries()) {
      if (FORBIDDEN.some((word) => word.test(line)))
        faults.push(`${path}:${i + 1}: ${line.trim()}`);
    }
  }
  assert.deepEqual(faults, []);
});

test('style: the lock file names no host to install from', () => {
  const lock = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { resolved?: string; hasInstallScript?: boolean }>;
  };
  const named = Object.entries(lock.packages).filter(([, { resolved }]) => resolved !== undefined);
  assert.deepEqual(named, []);
});
