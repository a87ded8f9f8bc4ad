import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseNetwork } from './network.ts';
import { Problem } from './scalar.ts';

test('parseNetwork gives the canonical text with a length', () => {
  const given = [
    '10.0.0.0/8',
    '0.0.0.0/0',
    '192.0.2.1',
    '2001:DB8::/32',
    '::/0',
    '::1',
    'fd00:0:0::/8',
  ];
  const expected = [
    ...['10.0.0.0/8', '0.0.0.0/0', '192.0.2.1/32', '2001:db8::/32', '::/0', '::1/128', 'fd00::/8'],
  ];
  assert.deepEqual(given.map(parseNetwork), expected);
});

test('parseNetwork refuses bits behind the length and says which network is meant', () => {
  const hints = ['10.1.2.3/8', '192.0.2.255/31', '2001:db8::1/64', 'fe80::1:2:3:4/65'].map(
    (text) => {
      const result = parseNetwork(text);
      return result instanceof Problem ? result.hint : '';
    },
  );
  assert.deepEqual(hints, [
    'did you mean 10.0.0.0/8?',
    'did you mean 192.0.2.254/31?',
    'did you mean 2001:db8::/64?',
    'did you mean fe80::/65?',
  ]);
});

test('parseNetwork refuses what is not a network', () => {
  const bad = [
    '',
    '/8',
    '10/8',
    '10.0.0.0/',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/8/8',
    'a',
    '10.0.0.0/-1',
  ];
  for (const text of bad) assert.ok(parseNetwork(text) instanceof Problem, text);
});
