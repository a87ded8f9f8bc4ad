/**
 * Time of one look-up for 10 and for 10,000 routes of several shapes. `few` requests repeat 64
 * requests, as most traffic does, so that what they need stays in the cache; `all` requests go over
 * all routes, so that memory is measured too. Run: `node src/route/route.bench.ts`.
 */
import { compileRoutes } from './route-table.ts';
import { parsedHead } from './head-testkit.ts';
import type { RouteMatch } from './route-match.ts';
import type { TestRequest } from './head-testkit.ts';

const ROUNDS = 7;
const LOOKUPS = 400_000;
const FEW = 64;

type Shape = {
  readonly name: string;
  readonly route: (i: number) => Partial<RouteMatch>;
  readonly request: (i: number) => TestRequest;
};

const host = 'shop.example.com';
const shapes: readonly Shape[] = [
  {
    name: 'hosts, prefix /api/*',
    route: (i) => ({ hosts: [`${name(i)}.example.com`], paths: [prefix('/api/')] }),
    request: (i) => ({ host: `${name(i)}.example.com`, path: '/api/v1/users' }),
  },
  {
    name: 'wildcard hosts',
    route: (i) => ({ hosts: [`*.${name(i)}.example.com`] }),
    request: (i) => ({ host: `www.${name(i)}.example.com`, path: '/api/v1/users' }),
  },
  {
    name: 'prefixes of one host',
    route: (i) => ({ hosts: [host], paths: [prefix(`/api/${name(i)}/`)] }),
    request: (i) => ({ host, path: `/api/${name(i)}/users` }),
  },
  {
    name: 'exact paths of one host',
    route: (i) => ({ hosts: [host], paths: [{ kind: 'exact', path: `/api/${name(i)}/users` }] }),
    request: (i) => ({ host, path: `/api/${name(i)}/users` }),
  },
  {
    name: 'prefix and method',
    route: (i) => ({ hosts: [host], paths: [prefix(`/api/${name(i)}/`)], methods: ['GET'] }),
    request: (i) => ({ host, path: `/api/${name(i)}/users` }),
  },
  {
    name: 'anchored patterns',
    route: (i) => ({ paths: [{ kind: 'regex', source: `^/api/${name(i)}/[a-z]+$` }] }),
    request: (i) => ({ host, path: `/api/${name(i)}/users` }),
  },
];

function name(i: number): string {
  return `svc${String(i).padStart(5, '0')}`;
}

function prefix(path: string): RouteMatch['paths'][number] {
  return { kind: 'prefix', path };
}

function nanoseconds(shape: Shape, count: number, requests: number): number {
  const any = { hosts: [], paths: [], methods: [], headers: [], query: [] };
  const routes = Array.from({ length: count }, (_, i) => ({ ...any, ...shape.route(i) }));
  const table = compileRoutes(routes);
  // Scattered over the routes; 7919 is a prime.
  const used = Array.from({ length: requests }, (_, i) => (i * 7919) % count);
  const parsed = used.map((i) => parsedHead(shape.request(i)));
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    for (let i = 0; i < LOOKUPS; i++) {
      const at = i % requests;
      const { bytes, head } = parsed[at]!;
      if (table.find(bytes, head) !== used[at]) throw new Error(`wrong route in ${shape.name}`);
    }
    best = Math.min(best, ((performance.now() - start) * 1e6) / LOOKUPS);
  }
  return best;
}

process.stdout.write('ns per look-up            10 routes   10,000 few   ratio   10,000 all\n');
for (const shape of shapes) {
  nanoseconds(shape, 10, FEW);
  const ten = nanoseconds(shape, 10, FEW);
  const few = nanoseconds(shape, 10_000, FEW);
  const all = nanoseconds(shape, 10_000, 10_000);
  const cells = [ten.toFixed(1).padStart(11), few.toFixed(1).padStart(13)];
  cells.push((few / ten).toFixed(2).padStart(8), all.toFixed(1).padStart(13));
  process.stdout.write(`${shape.name.padEnd(24)}${cells.join('')}\n`);
}
