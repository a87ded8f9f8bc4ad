import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compilePattern, literalPrefix } from './path-regex.ts';

describe('literal prefix of a pattern', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['^/api/v[0-9]+/users$', '/api'],
    ['^/api/v1/', '/api/v1'],
    ['^/api/v1/?$', '/api'],
    ['^/api/+x', ''],
    ['^/api\\/v1\\.0/x', '/api/v1.0'],
    ['^/a/b$', '/a'],
    ['^/a/(b|c)/d', '/a'],
    ['^/a/b/|^/c', ''],
    ['^/a/[|]/b', '/a'],
    ['^/a/\\|/b', '/a/|'],
    ['^/a/\\d+/', '/a'],
    ['^/a/b{0,2}/', '/a'],
    ['^/a/ü/', '/a'],
    ['^/', ''],
    ['/api/', ''],
    ['^api/', ''],
    ['\\.php$', ''],
    ['^/a/\\', '/a'],
    ['', ''],
  ];
  for (const [source, expected] of cases) {
    it(`of ${source || 'the empty pattern'} is "${expected}"`, () => {
      assert.equal(literalPrefix(source), expected);
    });
  }
});

describe('compilePattern', () => {
  it('anchors nothing and heeds the case', () => {
    assert.ok(compilePattern('b').test('/abc'));
    assert.ok(!compilePattern('B').test('/abc'));
  });

  it('throws a SyntaxError for a malformed pattern', () => {
    assert.throws(() => compilePattern('('), SyntaxError);
  });
});
