import type { ConfigPath } from '../diagnostic.ts';
import type { FieldCondition, PathPattern } from '../plan.ts';
import type { RouteConfig } from '../schema/route.ts';
import type { RuleContext } from './rule.ts';

/** Most pairs of host and path of one route that are looked at. */
const PAIRS_MAX = 4_096;
/** Most earlier routes with the same host and path that a route is compared with. */
const EARLIER_MAX = 64;

type Conditions = {
  readonly name: string;
  readonly methods: readonly string[];
  readonly fields: ReadonlySet<string>;
};

function pathText(path: PathPattern): string {
  return path.kind === 'regex' ? `~${path.source}` : `${path.kind} ${path.path}`;
}

function pairsOf(route: RouteConfig): readonly string[] {
  const hosts = route.hosts ?? [''];
  const paths = route.paths?.map(pathText) ?? ['prefix /'];
  if (hosts.length * paths.length > PAIRS_MAX) return [];
  return hosts.flatMap((host) => paths.map((path) => `${host} ${path}`));
}

function fieldTexts(kind: string, tests: { readonly [name: string]: FieldCondition['test'] }) {
  return Object.entries(tests).map(([name, test]) => {
    const shown = kind === 'header' ? name.toLowerCase() : name;
    return JSON.stringify([kind, shown, test]);
  });
}

function conditionsOf(route: RouteConfig, name: string): Conditions {
  const fields = [...fieldTexts('header', route.headers), ...fieldTexts('query', route.query)];
  return { name, methods: route.methods ?? [], fields: new Set(fields) };
}

/** Whether every request that meets `inner` meets `outer` too. */
function includes(outer: Conditions, inner: Conditions): boolean {
  const hasMethods =
    outer.methods.length === 0 ||
    (inner.methods.length > 0 && inner.methods.every((method) => outer.methods.includes(method)));
  return hasMethods && [...outer.fields].every((field) => inner.fields.has(field));
}

class Reach {
  readonly #earlier = new Map<string, Conditions[]>();

  /** The name of an earlier route that takes all requests of this one, or null; then adds it. */
  add(pairs: readonly string[], conditions: Conditions): string | null {
    let taker: string | null = null;
    let isCovered = pairs.length > 0;
    for (const pair of pairs) {
      const earlier = this.#earlier.get(pair);
      const found = earlier?.find((candidate) => includes(candidate, conditions));
      if (found === undefined) isCovered = false;
      else taker = found.name;
      if (earlier === undefined) this.#earlier.set(pair, [conditions]);
      else if (earlier.length < EARLIER_MAX) earlier.push(conditions);
    }
    return isCovered ? taker : null;
  }
}

/** No route may be hidden by an earlier one with the same hosts and paths. */
export function checkRouteReach({ config, report, isWhole }: RuleContext): void {
  for (const [name, listener] of Object.entries(config.listeners)) {
    const reach = new Reach();
    const path: ConfigPath = ['listeners', name, 'routes'];
    for (const [i, route] of (listener.routes ?? []).entries()) {
      const at = [...path, i];
      if (!isWhole(at)) continue;
      const shown = route.name === undefined ? `route ${i + 1}` : `route "${route.name}"`;
      const taker = reach.add(pairsOf(route), conditionsOf(route, shown));
      if (taker === null) continue;
      const message = `${shown} is never chosen: ${taker} takes all its requests`;
      const hint = 'remove it, or narrow the conditions of the earlier route';
      report({ code: 'BAL_CONFIG_UNREACHABLE_ROUTE', message, hint, path: at });
    }
    if (listener.pool === undefined) continue;
    const taker = reach.add(['' + ' prefix /'], { name: '', methods: [], fields: new Set() });
    if (taker === null) continue;
    const message = `the pool of the listener is never used: ${taker} takes all its requests`;
    const hint = 'remove it, or narrow the conditions of the route';
    const at = ['listeners', name, 'pool'];
    report({ code: 'BAL_CONFIG_UNREACHABLE_ROUTE', message, hint, path: at, at: 'key' });
  }
}
