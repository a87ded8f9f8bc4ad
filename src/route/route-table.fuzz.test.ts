import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { compileRoutes } from './route-table.ts';
import { findByReference } from './route-reference.ts';
import { parsedHead } from './head-testkit.ts';
import type { FieldMatch, PathMatch, RouteMatch } from './route-match.ts';
import type { TestRequest } from './head-testkit.ts';

// Small alphabets, so that routes and requests meet often.
const label = fc.constantFrom('a', 'b', 'cc');
const labels = fc.array(label, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('.'));
const segments = fc
  .array(fc.constantFrom('a', 'b', 'ab', '', '%C3'), { maxLength: 4 })
  .map((parts) => `/${parts.join('/')}`);

const pathMatch: fc.Arbitrary<PathMatch> = fc.oneof(
  segments.map((path) => ({ kind: 'exact', path }) as const),
  segments.map(
    (path) => ({ kind: 'prefix', path: path.endsWith('/') ? path : `${path}/` }) as const,
  ),
  fc.constant({ kind: 'exact', path: '*' } as const),
  fc
    .constantFrom(
      '^/a/',
      '^/a/b',
      '^/ab?',
      '^/a/b+',
      'b$',
      '^/a|b',
      '^/(a|b)/',
      '^/a/[ab]',
      '.',
      'x',
    )
    .map((source) => ({ kind: 'regex', source }) as const),
);

const fieldMatch: fc.Arbitrary<FieldMatch> = fc.record({
  name: fc.constantFrom('x', 'y'),
  test: fc.oneof(
    fc.constantFrom({ kind: 'present' } as const, { kind: 'absent' } as const),
    fc.constantFrom('1', '2 ', 'ü').map((value) => ({ kind: 'exact', value }) as const),
    fc.constantFrom('1', '^.$', '[ ü]').map((source) => ({ kind: 'regex', source }) as const),
  ),
});

const few = { maxLength: 2 };

/** Half of the routes have no conditions. */
const conditions = fc.oneof(
  fc.constant({ methods: [], headers: [], query: [] }),
  fc.record({
    methods: fc.array(fc.constantFrom('GET', 'POST', 'PURGE'), few),
    headers: fc.array(fieldMatch, few),
    query: fc.array(fieldMatch, few),
  }),
);

const route: fc.Arbitrary<RouteMatch> = fc
  .record({
    hosts: fc.array(
      fc.oneof(
        labels,
        labels.map((text) => `*.${text}`),
      ),
      few,
    ),
    paths: fc.array(pathMatch, few),
  })
  .chain((match) => conditions.map((bound) => ({ ...match, ...bound })));

const request: fc.Arbitrary<TestRequest> = fc.record({
  method: fc.constantFrom('GET', 'HEAD', 'POST', 'PURGE', 'REPORT'),
  host: fc.oneof(
    fc.constant(null),
    fc
      .tuple(labels, fc.constantFrom('', '.'), fc.constantFrom('', ':80', ':'))
      .map(([name, dot, port]) => `${name.toUpperCase()}${dot}${port}`),
  ),
  path: fc.oneof({ weight: 9, arbitrary: segments }, { weight: 1, arbitrary: fc.constant('*') }),
  query: fc.oneof(
    fc.constant(null),
    fc
      .array(fc.constantFrom('x', 'y=1', 'x=2+', 'y=%C3%BC', 'x=', '', '=1'))
      .map((p) => p.join('&')),
  ),
  headers: fc.array(
    fc.tuple(fc.constantFrom('x', 'Y', 'Z'), fc.constantFrom('1', '2', '2 ', 'ü', '')),
    { maxLength: 3 },
  ),
});

it('route table finds the route that the written precedence gives', () => {
  let found = 0;
  let runs = 0;
  fc.assert(
    fc.property(
      fc.array(route, { maxLength: 14 }),
      fc.array(request, { minLength: 1, maxLength: 12 }),
      (routes, requests) => {
        const table = compileRoutes(routes);
        for (const one of requests) {
          const { bytes, head } = parsedHead(one);
          const expected = findByReference(routes, one);
          assert.equal(table.find(bytes, head), expected, JSON.stringify(one));
          runs++;
          if (expected >= 0) found++;
        }
      },
    ),
    { numRuns: 3000 },
  );
  // Guards the alphabets: a comparison of misses alone would show nothing.
  assert.ok(found > runs / 4 && found < runs, `${found} of ${runs} requests had a route`);
});
