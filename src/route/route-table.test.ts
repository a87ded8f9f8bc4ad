import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileRoutes } from './route-table.ts';
import { parsedHead } from './head-testkit.ts';
import type { PathMatch, RouteMatch } from './route-match.ts';
import type { TestRequest } from './head-testkit.ts';

function path(text: string): PathMatch {
  if (text.startsWith('~')) return { kind: 'regex', source: text.slice(1) };
  if (text.endsWith('*')) return { kind: 'prefix', path: text.slice(0, -1) };
  return { kind: 'exact', path: text };
}

type Sketch = Partial<Omit<RouteMatch, 'paths'>> & { readonly paths?: readonly string[] };

function route(sketch: Sketch): RouteMatch {
  const paths = (sketch.paths ?? []).map(path);
  return { hosts: [], methods: [], headers: [], query: [], ...sketch, paths };
}

function find(routes: readonly Sketch[], request: TestRequest): number {
  const { bytes, head } = parsedHead(request);
  return compileRoutes(routes.map(route)).find(bytes, head);
}

describe('route table, hosts', () => {
  const hosts = [
    { hosts: ['*.example.com'] },
    { hosts: ['shop.example.com'] },
    { hosts: ['*.eu.example.com'] },
    {},
  ];
  const cases: readonly (readonly [string | null, number, string])[] = [
    ['shop.example.com', 1, 'prefers an exact host to a wildcard'],
    ['SHOP.Example.COM:8443', 1, 'ignores the case and the port of the host (RFC 9110 §4.2.3)'],
    ['shop.example.com.', 1, 'ignores one dot at the end of the host (RFC 1034 §3.1)'],
    ['a.eu.example.com', 2, 'prefers the longer wildcard'],
    ['a.b.example.com', 0, 'lets a wildcard stand for several labels'],
    ['example.com', 3, 'lets a wildcard stand for one label at least'],
    ['.example.com', 3, 'lets a wildcard stand for no empty name'],
    ['notexample.com', 3, 'matches wildcards at label borders only'],
    [null, 3, 'gives a request without a host to a route for any host'],
    [`${'a'.repeat(300)}.example.com`, 3, 'gives a host of over 253 bytes to a route for any host'],
  ];
  for (const [host, expected, title] of cases) {
    it(title, () => assert.equal(find(hosts, { host, path: '/' }), expected));
  }

  it('goes on with less specific hosts where no path of the host matches', () => {
    const routes = [
      { hosts: ['a.b.c'], paths: ['/x'] },
      { hosts: ['*.b.c'], paths: ['/y'] },
      { hosts: ['*.c'], paths: ['/z'] },
      { paths: ['/any'] },
    ];
    const at = (text: string): number => find(routes, { host: 'a.b.c', path: text });
    assert.deepEqual([at('/x'), at('/y'), at('/z'), at('/any'), at('/q')], [0, 1, 2, 3, -1]);
  });

  it('prefers a more specific host to a more specific path', () => {
    const routes = [{ paths: ['/exact'] }, { hosts: ['*.b'] }];
    assert.equal(find(routes, { host: 'a.b', path: '/exact' }), 1);
  });

  it('finds nothing among no routes', () => {
    assert.equal(find([], { host: 'a', path: '/' }), -1);
  });
});

describe('route table, paths', () => {
  const paths = [
    { paths: ['/*'] },
    { paths: ['/api/*'] },
    { paths: ['/api/v1/*'] },
    { paths: ['/api/v1/users'] },
    { paths: ['~^/api/v[0-9]+/re', '~\\.php$'] },
    { paths: ['/api/v2/re/*'] },
  ];
  const cases: readonly (readonly [string, number, string])[] = [
    ['/api/v1/users', 3, 'prefers an exact path to all others'],
    ['/api/v1/users/', 2, 'tells a path with a last slash from one without'],
    ['/api/v1/x/y', 2, 'prefers the longest prefix'],
    ['/api', 1, 'lets a prefix match the path without its last slash'],
    ['/api/', 1, 'lets a prefix match itself'],
    ['/apis', 0, 'matches prefixes on segment borders only'],
    ['/api/v2/re/x', 4, 'prefers a regular expression to a prefix'],
    ['/api/v1/x.php', 4, 'tries a regular expression that is not anchored on every path'],
    ['/', 0, 'matches the root'],
  ];
  for (const [text, expected, title] of cases) {
    it(title, () => assert.equal(find(paths, { host: 'h', path: text }), expected));
  }

  it('tries regular expressions in the order of the text, whatever their literal beginnings', () => {
    const routes = [{ paths: ['~^/a/b/c'] }, { paths: ['~/b'] }, { paths: ['~^/a/b/'] }];
    assert.equal(find(routes, { path: '/a/b/c' }), 0);
    assert.equal(find(routes, { path: '/a/b/d' }), 1);
    assert.equal(find(routes.toReversed(), { path: '/a/b/c' }), 0);
  });

  it('runs no regular expression on a path of over 4096 bytes', () => {
    const routes = [{ paths: ['~^/a'] }, {}];
    assert.equal(find(routes, { path: `/${'a'.repeat(4095)}` }), 0);
    assert.equal(find(routes, { path: `/${'a'.repeat(4096)}` }), 1);
  });

  it('gives OPTIONS * to a route for any path only (RFC 9112 §3.2.4)', () => {
    const routes = [{ paths: ['/*', '~.'] }, {}];
    assert.equal(find(routes, { method: 'OPTIONS', path: '*' }), 1);
    assert.equal(find(routes, { method: 'OPTIONS', path: '/' }), 0);
  });

  it('tells where the matched prefix ends', () => {
    const table = compileRoutes(
      [{ paths: ['/api/*'] }, { paths: ['/exact'] }, { paths: ['~^/re'] }, {}].map(route),
    );
    const prefixOf = (text: string): string => {
      const { bytes, head } = parsedHead({ path: text });
      assert.notEqual(table.find(bytes, head), -1);
      return text.slice(0, table.prefixEnd - head.pathStart);
    };
    assert.equal(prefixOf('/api/x/y'), '/api');
    assert.equal(prefixOf('/api'), '/api');
    assert.equal(prefixOf('/exact'), '/exact');
    assert.equal(prefixOf('/re'), '');
    assert.equal(prefixOf('/other'), '');
  });

  it('looks up prefixes of any depth', () => {
    const deep = '/a'.repeat(80);
    const routes = [{ paths: [`${deep}/*`] }, { paths: ['/a/a/*'] }];
    assert.equal(find(routes, { path: `${deep}/b` }), 0);
    assert.equal(find(routes, { path: '/a'.repeat(79) }), 1);
  });
});

describe('route table, conditions', () => {
  const present = (name: string) => ({ name, test: { kind: 'present' } }) as const;
  const exact = (name: string, value: string) =>
    ({ name, test: { kind: 'exact', value } }) as const;

  it('tries methods before headers before query, then more before fewer, then the text order', () => {
    const ordered: readonly Sketch[] = [
      { methods: ['GET'], headers: [present('a')] },
      { methods: ['GET'] },
      { headers: [present('a'), present('b')] },
      { headers: [present('a')], query: [present('q')] },
      { headers: [present('a')] },
      { query: [present('q'), present('r')] },
      { query: [present('q')] },
      {},
      {},
    ];
    const request: TestRequest = {
      path: '/',
      query: 'q&r',
      headers: [
        ['A', ''],
        ['b', ''],
      ],
    };
    for (let from = 0; from < ordered.length; from++) {
      const rest = ordered.slice(from);
      assert.equal(find(rest, request), 0, `from ${from}`);
      const isLast = from >= ordered.length - 2;
      assert.equal(find(rest.toReversed(), request), isLast ? 0 : rest.length - 1, `from ${from}`);
    }
  });

  it('goes on with a shorter prefix where the conditions do not hold', () => {
    const routes = [{ paths: ['/api/*'], methods: ['POST'] }, { paths: ['/*'] }];
    assert.equal(find(routes, { method: 'POST', path: '/api/' }), 0);
    assert.equal(find(routes, { method: 'GET', path: '/api/' }), 1);
  });

  it('tells methods apart that the codec does not know', () => {
    const routes = [{ methods: ['PURGE', 'GET'] }, { methods: ['REPORT'] }];
    assert.equal(find(routes, { method: 'PURGE', path: '/' }), 0);
    assert.equal(find(routes, { method: 'REPORT', path: '/' }), 1);
    assert.equal(find(routes, { method: 'PURG', path: '/' }), -1);
    assert.equal(find(routes, { method: 'HEAD', path: '/' }), -1);
  });

  it('compares header names without case and values with it (RFC 9110 §5.1)', () => {
    const routes = [{ headers: [exact('x-canary', 'Yes')] }];
    assert.equal(find(routes, { path: '/', headers: [['X-Canary', 'Yes']] }), 0);
    assert.equal(find(routes, { path: '/', headers: [['X-Canary', 'yes']] }), -1);
    assert.equal(find(routes, { path: '/', headers: [['X-Canar', 'Yes']] }), -1);
  });

  it('takes a header condition as held where one of several lines holds it', () => {
    const headers = [
      ['a', '1'],
      ['a', '2'],
    ] as const;
    assert.equal(find([{ headers: [exact('a', '2')] }], { path: '/', headers }), 0);
    const absent = { name: 'a', test: { kind: 'absent' } } as const;
    assert.equal(find([{ headers: [absent] }], { path: '/', headers }), -1);
    assert.equal(find([{ headers: [absent] }], { path: '/' }), 0);
    const pattern = { name: 'a', test: { kind: 'regex', source: '^[2-9]$' } } as const;
    assert.equal(find([{ headers: [pattern] }], { path: '/', headers }), 0);
    assert.equal(find([{ headers: [pattern] }], { path: '/', headers: [['a', '1']] }), -1);
  });

  it('decodes names and values of the query', () => {
    const routes = [{ query: [exact('a b', 'ü+')] }];
    for (const query of ['a+b=%C3%BC%2B', 'x&a%20b=ü%2b', '&&a%20b=1&a b=%c3%bc%2B']) {
      assert.equal(find(routes, { path: '/', query }), 0, query);
    }
    for (const query of ['a+b=%C3%BC+', 'a+b=%C3%BC', 'a+b=%C3%BC%2B1', 'a=ü+', '', null]) {
      assert.equal(find(routes, { path: '/', query }), -1, String(query));
    }
  });

  it('tests query values for presence, absence and by regular expression', () => {
    const test = (kind: 'present' | 'absent') => [{ query: [{ name: 'q', test: { kind } }] }];
    assert.equal(find(test('present'), { path: '/', query: 'q' }), 0);
    assert.equal(find(test('present'), { path: '/', query: 'qq=q' }), -1);
    assert.equal(find(test('absent'), { path: '/', query: 'a=q&q=' }), -1);
    assert.equal(find(test('absent'), { path: '/', query: null }), 0);
    const pattern = [{ query: [{ name: 'q', test: { kind: 'regex', source: '^ü$' } }] }] as const;
    assert.equal(find(pattern, { path: '/', query: 'q=%C3%BC' }), 0);
    assert.equal(find(pattern, { path: '/', query: 'q=u' }), -1);
  });
});
