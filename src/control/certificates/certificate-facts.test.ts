import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alternativeNames } from './certificate-facts.ts';

test('alternativeNames reads names and addresses, lower-case and in one form', () => {
  const text = 'DNS:A.test, DNS:*.a.test, IP Address:10.0.0.1, IP Address:FD00:0:0:0:0:0:0:1';
  assert.deepEqual(alternativeNames(text), ['a.test', '*.a.test', '10.0.0.1', 'fd00::1']);
});

test('alternativeNames leaves out other kinds, and what is quoted to hide further names', () => {
  const text = 'email:a@b.test, DNS:"evil.test, DNS:good.test", URI:https://c.test/, DNS:d.test';
  assert.deepEqual(alternativeNames(text), ['d.test']);
});

test('alternativeNames leaves out what no client could ask for', () => {
  const text = `DNS:a b.test, DNS:*.*.test, DNS:, DNS:${'a'.repeat(254)}, DNS:a.test, DNS:a.test`;
  assert.deepEqual(alternativeNames(text), ['a.test']);
});
