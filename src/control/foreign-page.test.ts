import assert from 'node:assert/strict';
import test from 'node:test';
import { LOOPBACK_ACCESS, UNIX_ACCESS } from './admin/access.ts';
import { foreignReason, isFormLike } from './foreign-page.ts';

const asked = (fields: Readonly<Record<string, string>>, method = 'POST', path = '/v1/reload') => ({
  method,
  path,
  header: (name: string) => fields[name],
});

const isForeign = (fields: Readonly<Record<string, string>>, access = LOOPBACK_ACCESS): boolean =>
  foreignReason(asked(fields), access) !== '';

test('foreignReason lets programs through that are not browsers', () => {
  assert.equal(isForeign({ host: '127.0.0.1:9900' }), false);
  assert.equal(isForeign({ host: 'localhost' }), false);
});

test('foreignReason lets a page through that the admin server itself gave', () => {
  const host = '127.0.0.1:9900';
  assert.equal(
    isForeign({ host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' }),
    false,
  );
  assert.equal(isForeign({ host: '[::1]:9900', 'sec-fetch-site': 'none' }), false);
});

test('foreignReason stops a page of another site', () => {
  const host = '127.0.0.1:9900';
  assert.equal(isForeign({ host, origin: 'https://evil.example' }), true);
  assert.equal(isForeign({ host, origin: `https://${host}` }), true);
  assert.equal(isForeign({ host, 'sec-fetch-site': 'cross-site' }), true);
  assert.equal(isForeign({ host, 'sec-fetch-site': 'same-site' }), true);
  assert.equal(isForeign({ host, origin: 'null' }), true);
});

test('foreignReason stops a name that was let to point here (DNS rebinding), reading too', () => {
  const host = 'evil.example:9900';
  assert.equal(isForeign({ host, origin: `http://${host}` }), true);
  assert.notEqual(foreignReason(asked({ host }, 'GET', '/v1/status'), LOOPBACK_ACCESS), '');
  assert.equal(isForeign({ host: '127.0.0.1.evil.example' }), true);
  assert.equal(isForeign({}), true);
});

test('foreignReason takes names where something else proves who asks', () => {
  const host = 'balancer.example:9900';
  const access = { ...LOOPBACK_ACCESS, isHostStrict: false, scheme: 'https' } as const;
  assert.equal(isForeign({ host }, access), false);
  assert.equal(isForeign({ host, origin: `https://${host}` }, access), false);
  assert.equal(isForeign({ host, origin: `http://${host}` }, access), true);
  assert.equal(isForeign({ origin: 'https://evil.example' }, UNIX_ACCESS), false);
});

test('foreignReason lets a link of another page open the dashboard, and nothing else', () => {
  const fields = {
    host: '127.0.0.1:9900',
    'sec-fetch-site': 'cross-site',
    'sec-fetch-mode': 'navigate',
  };
  assert.equal(foreignReason(asked(fields, 'GET', '/'), LOOPBACK_ACCESS), '');
  assert.notEqual(foreignReason(asked(fields, 'GET', '/v1/status'), LOOPBACK_ACCESS), '');
  assert.notEqual(foreignReason(asked(fields, 'POST', '/'), LOOPBACK_ACCESS), '');
});

test('isFormLike is about changes that any page could send', () => {
  const form = (fields: Readonly<Record<string, string>>, method = 'POST') =>
    isFormLike(asked(fields, method), LOOPBACK_ACCESS);
  assert.equal(form({}), true);
  assert.equal(form({ 'content-type': 'text/plain;charset=utf-8' }), true);
  assert.equal(form({ 'content-type': 'application/x-www-form-urlencoded' }), true);
  assert.equal(form({ 'content-type': 'application/json' }), false);
  assert.equal(form({ authorization: 'Bearer x' }), false);
  assert.equal(form({}, 'GET'), false);
  assert.equal(isFormLike(asked({}), UNIX_ACCESS), false);
});
