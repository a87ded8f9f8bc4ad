import type { ConfigPath } from '../diagnostic.ts';
import type { FieldCondition, PathPattern } from '../plan.ts';
import type { TcpRouteConfig } from '../schema/listener-tcp.ts';
import type { ListenerConfig } from '../schema/listener.ts';
import type { RouteConfig } from '../schema/route.ts';
import { lastRouteKey } from './rule.ts';
import type { RuleContext } from './rule.ts';

/** Most pairs of host and path of one route that are looked at. */
const PAIRS_MAX = 4_096;
/** Most earlier routes with the same place and conditions that a route is compared with. */
const EARLIER_MAX = 64;

const ANY_PATH = 'any';
const ROOT_PREFIX = 'prefix /';
const NO_CONDITIONS = 'false ';

type Earlier = { readonly name: string; readonly methods: readonly string[] };

/** What a route takes: hosts, paths, and the text of its conditions without the methods. */
type Taken = {
  readonly hosts: readonly string[];
  readonly paths: readonly string[];
  readonly conditions: string;
  readonly methods: readonly string[];
};

function pathText(path: PathPattern): string {
  return path.kind === 'regex' ? `~${path.source}` : `${path.kind} ${path.path}`;
}

function fieldTexts(
  kind: 'header' | 'query',
  tests: { readonly [name: string]: FieldCondition['test'] },
): string[] {
  return Object.entries(tests).map(([name, test]) =>
    JSON.stringify([kind, kind === 'header' ? name.toLowerCase() : name, test]),
  );
}

function takenBy(route: RouteConfig): Taken {
  const fields = [...fieldTexts('header', route.headers), ...fieldTexts('query', route.query)];
  const methods = route.methods ?? [];
  return {
    hosts: route.hosts ?? [''],
    paths: route.paths?.map(pathText) ?? [ANY_PATH],
    conditions: `${methods.length > 0} ${fields.sort().join(' ')}`,
    methods,
  };
}

/** Names of servers stand in for hosts, protocols of ALPN for paths. */
function takenByTcp(route: TcpRouteConfig): Taken {
  return {
    hosts: route.sni ?? [''],
    paths: route.alpn?.map((protocol) => `alpn ${protocol}`) ?? [ANY_PATH],
    conditions: NO_CONDITIONS,
    methods: [],
  };
}

/**
 * The routes of one listener so far. A route with more conditions is tried before one with fewer:
 * only an earlier one with the same, and no fewer methods, can take all that another matches.
 */
class Reach {
  readonly #earlier = new Map<string, Earlier[]>();

  /** The name of an earlier route that takes all requests of this one, or null; then adds it. */
  add(name: string, { hosts, paths, conditions, methods }: Taken): string | null {
    if (hosts.length * paths.length > PAIRS_MAX) return null;
    let taker: string | null = null;
    let isCovered = true;
    for (const host of hosts) {
      for (const path of paths) {
        const found = this.#find([host, path, conditions], methods);
        if (found === null) isCovered = false;
        else taker = found;
        this.#remember(`${host} ${path} ${conditions}`, { name, methods });
      }
    }
    return isCovered ? taker : null;
  }

  #find(
    [host, path, conditions]: readonly [string, string, string],
    methods: readonly string[],
  ): string | null {
    const candidates = path === ROOT_PREFIX ? [path, ANY_PATH] : [path];
    for (const candidate of candidates) {
      const earlier = this.#earlier.get(`${host} ${candidate} ${conditions}`) ?? [];
      const found = earlier.find((other) => methods.every((m) => other.methods.includes(m)));
      if (found !== undefined) return found.name;
    }
    return null;
  }

  #remember(key: string, entry: Earlier): void {
    const earlier = this.#earlier.get(key);
    if (earlier === undefined) this.#earlier.set(key, [entry]);
    else if (earlier.length < EARLIER_MAX) earlier.push(entry);
  }
}

const REMEDY = 'remove it, or make the conditions of the two routes different';

type ListenerRoutes = {
  readonly routes: readonly { readonly name?: string | undefined; readonly taken: Taken }[];
  /** What the routes take: requests or connections. */
  readonly what: string;
};

function routesTaking(listener: ListenerConfig): ListenerRoutes {
  switch (listener.protocol) {
    case 'http': {
      const routes = listener.routes ?? [];
      const taking = routes.map((route) => ({ name: route.name, taken: takenBy(route) }));
      return { routes: taking, what: 'requests' };
    }
    case 'tcp': {
      const routes = listener.routes ?? [];
      const taking = routes.map((route) => ({ name: route.name, taken: takenByTcp(route) }));
      return { routes: taking, what: 'connections' };
    }
    case 'udp':
      return { routes: [], what: 'datagrams' };
  }
}

/** No route may be hidden by an earlier one with the same hosts, paths and conditions. */
export function checkRouteReach({ config, report, isWhole }: RuleContext): void {
  for (const [name, listener] of Object.entries(config.listeners)) {
    const reach = new Reach();
    const path: ConfigPath = ['listeners', name];
    const { routes, what } = routesTaking(listener);
    for (const [i, { name: given, taken }] of routes.entries()) {
      const at = [...path, 'routes', i];
      if (!isWhole(at)) continue;
      const shown = given === undefined ? `route ${i + 1}` : `route "${given}"`;
      const taker = reach.add(shown, taken);
      if (taker === null) continue;
      const message = `${shown} is never chosen: ${taker} takes all its ${what}`;
      report({ code: 'BAL_CONFIG_UNREACHABLE_ROUTE', message, hint: REMEDY, path: at });
    }
    const key = lastRouteKey(listener);
    if (key === null) continue;
    const last = { hosts: [''], paths: [ANY_PATH], conditions: NO_CONDITIONS, methods: [] };
    const taker = reach.add('', last);
    if (taker === null) continue;
    const message = `${key} of the listener is never used: ${taker} takes all its ${what}`;
    const at = [...path, key];
    report({ code: 'BAL_CONFIG_UNREACHABLE_ROUTE', message, hint: REMEDY, path: at, at: 'key' });
  }
}
