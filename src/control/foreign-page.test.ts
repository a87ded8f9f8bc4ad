import assert from 'node:assert/strict';
import test from 'node:test';
import { isForeignPage } from './foreign-page.ts';

const ask = (fields: Readonly<Record<string, string>>): boolean =>
  isForeignPage((name) => fields[name]);

test('isForeignPage lets programs through that are not browsers', () => {
  assert.equal(ask({ host: '127.0.0.1:9900' }), false);
  assert.equal(ask({ host: 'balancer.example.com:9900' }), false);
});

test('isForeignPage lets a page through that the admin server itself gave', () => {
  const host = '127.0.0.1:9900';
  assert.equal(ask({ host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' }), false);
  assert.equal(ask({ host: '[::1]:9900', 'sec-fetch-site': 'none' }), false);
});

test('isForeignPage stops a page of another site', () => {
  const host = '127.0.0.1:9900';
  assert.equal(ask({ host, origin: 'https://evil.example' }), true);
  assert.equal(ask({ host, 'sec-fetch-site': 'cross-site' }), true);
  assert.equal(ask({ host, origin: 'null' }), true);
});

test('isForeignPage stops a page whose name was let to point here (DNS rebinding)', () => {
  const host = 'evil.example:9900';
  assert.equal(ask({ host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' }), true);
});
