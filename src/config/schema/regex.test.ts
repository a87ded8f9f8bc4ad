import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasNestedRepeat, parseRegex, REGEX_MAX } from './regex.ts';
import { Problem } from './scalar.ts';

test('hasNestedRepeat finds a repeated group that repeats', () => {
  for (const source of ['(a+)+', '(a*)*b', '^(?:x+y?)+$', '((a)+)*', '(a|b+){2,}', '(a{1,})+']) {
    assert.equal(hasNestedRepeat(source), true, source);
  }
});

test('hasNestedRepeat lets other repetitions pass', () => {
  const good = [
    'a+b*',
    '(a+)?',
    '(ab)+',
    '[(+)]+',
    '\\(a+\\)+',
    '(a+){2}',
    '^/v[0-9]+/',
    '(a{1,3})+',
  ];
  for (const source of good) assert.equal(hasNestedRepeat(source), false, source);
});

test('parseRegex refuses empty, overlong and malformed expressions', () => {
  for (const source of ['', 'a'.repeat(REGEX_MAX + 1), '(', '[b-a]', '+', '(?<n>a)(?<n>b)']) {
    assert.ok(parseRegex(source) instanceof Problem, source);
  }
  assert.equal(parseRegex('a'.repeat(REGEX_MAX)), 'a'.repeat(REGEX_MAX));
});
