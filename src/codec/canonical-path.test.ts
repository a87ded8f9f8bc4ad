/** The one form of a path: what it is, and what has none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REASONS } from '../base/reasons.ts';
import { asciiBytes, asciiText } from './ascii.ts';
import { canonicalPathText, canonicalizePath } from './canonical-path.ts';
import type { PathPolicy } from './http1-head.ts';

const DEFAULT: PathPolicy = { allowEncodedSlash: false, mergeSlashes: true };
const ALLOW: PathPolicy = { allowEncodedSlash: true, mergeSlashes: true };
const KEEP: PathPolicy = { allowEncodedSlash: false, mergeSlashes: false };

function settle(path: string, policy: PathPolicy): string {
  // The byte past the path would complete an escape.
  const bytes = asciiBytes(`<${path}1`);
  const end = canonicalizePath(bytes, 1, path.length + 1, policy);
  assert.equal(bytes[0], 0x3c);
  assert.equal(bytes[path.length + 1], 0x31);
  return end < 0 ? REASONS[-end]!.word : asciiText(bytes, 1, end);
}

const FORMS: readonly (readonly [string, string, PathPolicy?])[] = [
  ['/', '/'],
  ['/a/b', '/a/b'],
  ['/a/b/', '/a/b/'],
  ['/%41%7a%30%2D%2e%5F%7e', '/Az0-._~'],
  ['/%c3%a9%20%3a', '/%C3%A9%20%3A'],
  ["/a:b@c;d=e,f!$&'()*+", "/a:b@c;d=e,f!$&'()*+"],
  ['/.', '/'],
  ['/./a', '/a'],
  ['/a/.', '/a/'],
  ['/a/./b', '/a/b'],
  ['/a/..', '/'],
  ['/a/../b', '/b'],
  ['/a/b/../../c', '/c'],
  ['/a/b/..', '/a/'],
  ['/a/%2e%2E/b', '/b'],
  ['/a/.%2e/b', '/b'],
  ['/%2e/a', '/a'],
  ['/...', '/...'],
  ['/.a/..b/c..', '/.a/..b/c..'],
  ['//', '/'],
  ['//a///b//', '/a/b/'],
  ['/a//../b', '/b'],
  ['//', '//', KEEP],
  ['/a//b', '/a//b', KEEP],
  ['/a//../b', '/a/b', KEEP],
  ['/a/..//b', '//b', KEEP],
  ['/a/.//b', '/a//b', KEEP],
  ['/%252e%252e/a', '/%252e%252e/a'],
  ['/a%2fb%5cc', '/a%2Fb%5Cc', ALLOW],
  ['/a%2F.b/..c%2f', '/a%2F.b/..c%2F', ALLOW],
  ['/a2F/../b5C/../c', '/c', ALLOW],
  ['/a%2', 'bad-path', ALLOW],
  ['/..', 'bad-path'],
  ['/../a', 'bad-path'],
  ['/a/../..', 'bad-path'],
  ['/a/../../b', 'bad-path'],
  ['/%2e%2e/a', 'bad-path'],
  ['//..', 'bad-path'],
  ['/a%', 'bad-path'],
  ['/a%4', 'bad-path'],
  ['/a%4g', 'bad-path'],
  ['/a%g4', 'bad-path'],
  ['/a%%41', 'bad-path'],
  ['/a%00', 'bad-path'],
  ['/..;/a', 'bad-path'],
  ['/a/..;x=y/b', 'bad-path'],
  ['/a/%2e.;/b', 'bad-path'],
  ['/.;/a', 'bad-path'],
  ['/a%2fb', 'encoded-slash'],
  ['/a%2Fb', 'encoded-slash'],
  ['/a%5cb', 'encoded-slash'],
  ['/a\\b', 'encoded-slash'],
  ['/a\\b', 'encoded-slash', ALLOW],
  ['/a%2f../b', 'bad-path', ALLOW],
  ['/..%2fa', 'bad-path', ALLOW],
  ['/a%5c%2e%2e', 'bad-path', ALLOW],
  ['/.%2Fa', 'bad-path', ALLOW],
  ['/a%2f..%2fb', 'bad-path', ALLOW],
  ['/a%2f..;%2fb', 'bad-path', ALLOW],
  ['/a%2fb/../c', 'bad-path', ALLOW],
  ['/a/%2f/..', 'bad-path', ALLOW],
];

for (const [path, form, policy] of FORMS) {
  const how = policy === undefined ? '' : policy === ALLOW ? ' (slashes allowed)' : ' (unmerged)';
  test(`canonicalizePath makes ${path} ${form}${how} (RFC 3986 §6.2.2)`, () => {
    assert.equal(settle(path, policy ?? DEFAULT), form);
  });
}

test('canonicalPathText takes a path as the configuration writes it', () => {
  assert.equal(canonicalPathText('/a/../caf\u00e9/%7e'), '/caf%C3%A9/~');
  assert.equal(canonicalPathText('/\u{1f600}'), '/%F0%9F%98%80');
  assert.equal(canonicalPathText('/a%2fb', ALLOW), '/a%2Fb');
});

for (const path of [
  '',
  'a',
  '/a b',
  '/a?b',
  '/a#b',
  '/{id}',
  '/a%2fb',
  '/..',
  '/%',
  '/\ud800',
  '/\n',
]) {
  test(`canonicalPathText refuses ${JSON.stringify(path)}`, () => {
    assert.equal(canonicalPathText(path), null);
  });
}
