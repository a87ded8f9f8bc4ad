/** Names and methods that have an id. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asciiBytes, sameToken } from './ascii.ts';
import { FIELD, METHOD } from './http1-head.ts';
import { knownField } from './known-field.ts';
import { knownMethod } from './known-method.ts';

const field = (name: string): number => knownField(asciiBytes(`x${name}x`), 1, name.length + 1);
const method = (name: string): number => knownMethod(asciiBytes(`G${name}T`), 1, name.length + 1);

test('knownField finds every known name in any case (RFC 9110 §5.1)', () => {
  for (const [key, id] of Object.entries(FIELD)) {
    if (id === FIELD.other) continue;
    const name = key
      .replace('http2', 'http2-')
      .replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
      .replace('--', '-')
      .replace('sec-web-socket', 'sec-websocket');
    assert.equal(field(name), id, name);
    assert.equal(field(name.toUpperCase()), id, name);
    assert.equal(field(`${name}x`), FIELD.other, name);
    assert.equal(field(`${name.slice(0, -1)}_`), FIELD.other, name);
    assert.equal(field(name.replace('-', '_')), name.includes('-') ? FIELD.other : id, name);
  }
});

test('knownField knows no other names', () => {
  for (const name of ['', 'a', 'hosu', 'X-Forwarded-Fob', '#ost', 'x'.repeat(40), 'Set-Cookie']) {
    assert.equal(field(name), FIELD.other, name);
  }
});

test('knownMethod knows the methods in upper case only (RFC 9110 §9.1)', () => {
  for (const [key, id] of Object.entries(METHOD)) {
    if (id === METHOD.other) continue;
    assert.equal(method(key.toUpperCase()), id);
    assert.equal(method(key), METHOD.other);
    assert.equal(method(`${key.toUpperCase()}S`), METHOD.other);
  }
});

test('sameToken ignores the case of letters and of nothing else', () => {
  const same = (a: string, b: string): boolean =>
    sameToken(asciiBytes(a + b), 0, a.length, a.length);
  assert.ok(same('X-Foo1', 'x-fOO1'));
  assert.ok(!same('X^', 'X~'));
  assert.ok(!same('a_', 'a\x7f'));
  assert.ok(!same('ab', 'ac'));
});
