/** Values for the Forwarded field (RFC 7239). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forwardedNode, quoteForwarded } from './forwarded.ts';

test('forwardedNode quotes where a token does not do (RFC 7239 §6)', () => {
  assert.equal(forwardedNode('192.0.2.43'), '192.0.2.43');
  assert.equal(forwardedNode('192.0.2.43', 47011), '"192.0.2.43:47011"');
  assert.equal(forwardedNode('2001:DB8:cafe:0::17'), '"[2001:db8:cafe::17]"');
  assert.equal(forwardedNode('2001:db8::1', 4711), '"[2001:db8::1]:4711"');
  assert.equal(forwardedNode('::ffff:192.0.2.43'), '192.0.2.43');
  assert.equal(forwardedNode(''), 'unknown');
});

test('quoteForwarded keeps tokens and escapes the rest (RFC 9110 §5.6.4)', () => {
  assert.equal(quoteForwarded('a.example'), 'a.example');
  assert.equal(quoteForwarded('a.example:80'), '"a.example:80"');
  assert.equal(quoteForwarded(''), '""');
  assert.equal(quoteForwarded('a"b\\c'), '"a\\"b\\\\c"');
  assert.equal(quoteForwarded('a\r\nb\u2028'), '"a__b_"');
});
