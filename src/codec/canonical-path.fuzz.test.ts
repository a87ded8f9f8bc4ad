/** Properties of the canonical form of paths. A failure prints its seed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { asciiBytes, asciiText } from './ascii.ts';
import { canonicalizePath, hasLowerCaseEscape } from './canonical-path.ts';

const policies = fc.record({ allowEncodedSlash: fc.boolean(), mergeSlashes: fc.boolean() });
const atoms = [
  '/',
  '/',
  '.',
  '..',
  'a',
  'b',
  '%2e',
  '%2E',
  '%2f',
  '%5C',
  '%41',
  '%c3',
  '%',
  '%25',
  '%00',
  ';',
  '~',
];
const paths = fc
  .array(fc.constantFrom(...atoms), { maxLength: 14 })
  .map((parts) => `/${parts.join('')}`);

test('canonicalizePath is its own canonical form, grows nothing and leaves no dot segment', () => {
  fc.assert(
    fc.property(paths, policies, (path, policy) => {
      const bytes = asciiBytes(path);
      const end = canonicalizePath(bytes, 0, bytes.length, policy);
      if (end < 0) return;
      assert.ok(end >= 1 && end <= bytes.length);
      const form = asciiText(bytes, 0, end);
      const again = asciiBytes(form);
      assert.equal(canonicalizePath(again, 0, end, policy), end);
      assert.equal(asciiText(again, 0, end), form);
      assert.ok(form.startsWith('/'));
      assert.ok(!hasLowerCaseEscape(again, 0, end));
      const segments = form.split('/');
      assert.ok(!segments.includes('.') && !segments.includes('..'));
      if (policy.mergeSlashes) assert.ok(!form.includes('//'));
      if (!policy.allowEncodedSlash) assert.ok(!/%2f|%5c|\\/i.test(form));
    }),
    { numRuns: 5000 },
  );
});

test('canonicalizePath agrees with the URL of the platform on paths of plain segments', () => {
  const plain = fc.constantFrom('a', 'b', '.', '..', '%2e', '.%2E', 'c.d');
  fc.assert(
    fc.property(fc.array(plain, { minLength: 1, maxLength: 8 }), (segments) => {
      const path = `/${segments.join('/')}`;
      const bytes = asciiBytes(path);
      const policy = { allowEncodedSlash: false, mergeSlashes: true };
      const end = canonicalizePath(bytes, 0, bytes.length, policy);
      // The platform stops at the root where we refuse; everything else must be the same.
      if (end >= 0) assert.equal(asciiText(bytes, 0, end), new URL(`http://a${path}`).pathname);
    }),
    { numRuns: 2000 },
  );
});

test('canonicalizePath takes any bytes and stays within them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), policies, (tail, policy) => {
      const bytes = new Uint8Array(tail.length + 3).fill(0x2f);
      bytes.set(tail, 1);
      const size = tail.length + 1;
      const end = canonicalizePath(bytes, 0, size, policy);
      assert.ok(end !== 0 && end <= size);
      assert.deepEqual([...bytes.subarray(size)], [0x2f, 0x2f]);
    }),
    { numRuns: 2000 },
  );
});
