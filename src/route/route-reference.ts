import type { FieldMatch, PathMatch, RouteMatch } from './route-match.ts';
import type { TestRequest } from './head-testkit.ts';

/**
 * The precedence of docs/routing.md written down as plainly as possible, to compare the compiled
 * table with: all routes are ranked by how each would match, and the best rank wins. For tests.
 */
export function findByReference(routes: readonly RouteMatch[], request: TestRequest): number {
  let best = -1;
  let bestRank: readonly number[] = [];
  routes.forEach((route, index) => {
    if (!hasMethod(route, request) || !hasHeaders(route, request)) return;
    if (!hasQuery(route, request)) return;
    const paths = route.paths.length === 0 ? [null] : route.paths;
    for (const name of hostsOf(route)) {
      const host = hostRank(name, request);
      if (host < 0) continue;
      const patterns = patternsOf(routes, name);
      for (const path of paths) {
        const pathRanks = pathRank(path, request.path, patterns);
        if (pathRanks === null) continue;
        const conditions = [
          route.methods.length > 0 ? 1 : 0,
          route.headers.length,
          route.query.length,
        ];
        const rank = [host, ...pathRanks, ...conditions, -index];
        if (best < 0 || compareRanks(rank, bestRank) > 0) {
          best = index;
          bestRank = rank;
        }
      }
    }
  });
  return best;
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i]) return a[i]! - b[i]!;
  }
  return 0;
}

function hostsOf(route: RouteMatch): readonly string[] {
  return route.hosts.length === 0 ? ['*'] : route.hosts;
}

/** Sources of the regular expressions of a host, in the order of the text. */
function patternsOf(routes: readonly RouteMatch[], host: string): readonly string[] {
  const paths = routes.filter((route) => hostsOf(route).includes(host)).flatMap((r) => r.paths);
  return paths.flatMap((path) => (path.kind === 'regex' ? [path.source] : []));
}

function hostRank(pattern: string, request: TestRequest): number {
  if (pattern === '*') return 0;
  if (typeof request.host !== 'string') return -1;
  const host = request.host.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '');
  if (!pattern.startsWith('*')) return pattern === host ? 1000 : -1;
  const suffix = pattern.slice(1);
  return host.endsWith(suffix) && host.length > suffix.length ? suffix.length : -1;
}

function pathRank(
  pattern: PathMatch | null,
  path: string,
  patterns: readonly string[],
): readonly [number, number] | null {
  if (pattern === null) return [1, 0];
  if (pattern.kind === 'exact') return path === pattern.path ? [3, 0] : null;
  if (!path.startsWith('/')) return null;
  if (pattern.kind === 'regex') {
    const isMatch = new RegExp(pattern.source).test(path);
    return isMatch ? [2, -patterns.indexOf(pattern.source)] : null;
  }
  const text = pattern.path.replace(/\/$/, '');
  return path === text || path.startsWith(`${text}/`) ? [1, text.length] : null;
}

function hasMethod(route: RouteMatch, request: TestRequest): boolean {
  return route.methods.length === 0 || route.methods.includes(request.method ?? 'GET');
}

function hasHeaders(route: RouteMatch, request: TestRequest): boolean {
  return route.headers.every((match) => {
    const lines = (request.headers ?? []).filter(([name]) => name.toLowerCase() === match.name);
    return holds(
      match,
      lines.map(([, value]) => value),
    );
  });
}

function hasQuery(route: RouteMatch, request: TestRequest): boolean {
  const pairs = [...new URLSearchParams(request.query ?? '')];
  return route.query.every((match) => {
    const values = pairs.filter(([name]) => name === match.name).map(([, value]) => value);
    return holds(match, values);
  });
}

function holds({ test }: FieldMatch, values: readonly string[]): boolean {
  switch (test.kind) {
    case 'present':
      return values.length > 0;
    case 'absent':
      return values.length === 0;
    case 'exact':
      return values.includes(test.value);
    case 'regex':
      return values.some((value) => new RegExp(test.source).test(value));
  }
}
