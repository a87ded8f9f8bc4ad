import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PathRewrite } from './rewrite-path.ts';
import { parsedHead } from './head-testkit.ts';

type Case = { readonly path: string; readonly matched: string; readonly expected: string };

function rewrite(to: { path?: string; prefix?: string }, path: string, matched = ''): string {
  const { bytes, head } = parsedHead({ path });
  const rewriter = new PathRewrite({ path: to.path ?? null, prefix: to.prefix ?? null });
  const out = new Uint8Array(rewriter.bytesMax(head.pathEnd - head.pathStart));
  const length = rewriter.write(bytes, head, head.pathStart + matched.length, out);
  assert.notEqual(length, -1);
  return new TextDecoder().decode(out.subarray(0, length));
}

describe('path rewrite', () => {
  const cases: readonly (Case & { readonly prefix: string })[] = [
    { prefix: '/v2/', path: '/api/x', matched: '/api', expected: '/v2/x' },
    { prefix: '/v2', path: '/api/x', matched: '/api', expected: '/v2/x' },
    { prefix: '/v2/', path: '/api', matched: '/api', expected: '/v2' },
    { prefix: '/v2/', path: '/api/', matched: '/api', expected: '/v2/' },
    { prefix: '/v2/', path: '/x/y', matched: '', expected: '/v2/x/y' },
    { prefix: '/v2/', path: '/', matched: '', expected: '/v2/' },
    { prefix: '/', path: '/api/x', matched: '/api', expected: '/x' },
    { prefix: '/', path: '/api', matched: '/api', expected: '/' },
    { prefix: '/', path: '/api/', matched: '/api', expected: '/' },
    { prefix: '', path: '/api/x/', matched: '/api', expected: '/x/' },
    { prefix: '/v2/', path: '*', matched: '', expected: '*' },
  ];
  for (const { prefix, path, matched, expected } of cases) {
    it(`gives ${expected} for ${path} with "${prefix}" for ${matched || '/'}`, () => {
      assert.equal(rewrite({ prefix }, path, matched), expected);
    });
  }

  it('replaces the whole path, but not the path of OPTIONS * (RFC 9112 §3.2.4)', () => {
    assert.equal(rewrite({ path: '/new' }, '/api/x', '/api'), '/new');
    assert.equal(rewrite({ path: '/new', prefix: '/p' }, '/api/x', '/api'), '/new');
    assert.equal(rewrite({ path: '/new' }, '*'), '*');
  });

  it('keeps the path where nothing is to be replaced', () => {
    assert.equal(rewrite({}, '/api/x', '/api'), '/api/x');
  });

  it('returns -1 where the result does not fit, and fits exactly where it does', () => {
    const { bytes, head } = parsedHead({ path: '/api/x' });
    const end = head.pathStart + 4;
    for (const to of [
      { path: '/v2/x', prefix: null },
      { path: null, prefix: '/v2' },
    ]) {
      const rewriter = new PathRewrite(to);
      for (let size = 0; size < 5; size++) {
        assert.equal(rewriter.write(bytes, head, end, new Uint8Array(size)), -1);
      }
      assert.equal(rewriter.write(bytes, head, end, new Uint8Array(5)), 5);
    }
  });
});
