import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHostPattern } from './host.ts';
import { Problem } from './scalar.ts';

test('parseHostPattern gives hosts in lower case', () => {
  const given = [
    'Shop.Example.COM',
    '*.Example.com',
    '10.0.0.1',
    '[2001:DB8::0:1]',
    'a',
    'x_y.local',
  ];
  const expected = [
    'shop.example.com',
    '*.example.com',
    '10.0.0.1',
    '[2001:db8::1]',
    'a',
    'x_y.local',
  ];
  assert.deepEqual(given.map(parseHostPattern), expected);
});

test('parseHostPattern refuses what no Host can be', () => {
  const bad = [
    ...[
      '',
      '*',
      '*.',
      '*a.com',
      'a.*.com',
      '*.*.com',
      'a..b',
      '.a',
      'a.',
      '-a.com',
      'a-.com',
      'a b',
    ],
    ...[
      'a:80',
      'http://a',
      'a/b',
      '::1',
      '*.10.0.0.1',
      `${'a'.repeat(64)}.com`,
      'ä.de',
      'a@b',
      '[::1]:80',
    ],
    `${'a.'.repeat(127)}aa`,
  ];
  for (const text of bad) assert.ok(parseHostPattern(text) instanceof Problem, text);
});

test('parseHostPattern gives the ASCII form of a name in another script', () => {
  const result = parseHostPattern('*.bücher.example');
  const hint = result instanceof Problem ? result.hint : '';
  assert.equal(hint, 'write its ASCII form: *.xn--bcher-kva.example');
});
