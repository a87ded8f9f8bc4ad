/**
 * From a plan to what the data plane runs, keeping what has not changed: a pool whose plan is the
 * same is the same object, a server with the same key and address keeps its connections and what is
 * known of its health. Requests under way keep the objects they began with.
 */
import { WeightedSplit } from '../balance/weighted-split.ts';
import { compileCidrList } from '../codec/ip-address.ts';
import type { ProxyAcceptPlan, TcpListenerPlan } from '../config/plan-layer4.ts';
import type { HttpListenerPlan, Plan, PoolPlan, RoutePlan } from '../config/plan.ts';
import { compileRoutes } from '../route/route-table.ts';
import type { RouteTable } from '../route/route-table.ts';
import { fieldEditor } from './field-editor.ts';
import { forgetPassive } from './passive.ts';
import { ListenerRuntime, PoolRuntime, RouteRuntime, ServerRuntime } from './runtime.ts';
import type { ErrorPage } from './runtime.ts';
import { TcpListenerRuntime, TcpRouteRuntime } from './tcp/tcp-listener.ts';
import { UdpListenerRuntime, UdpUse } from './udp/udp-listener.ts';
import { closeUpstream } from './upstream.ts';

/** Everything that a plan has become in this worker. */
export type PlanRuntime = {
  readonly plan: Plan;
  readonly listeners: ReadonlyMap<string, ListenerRuntime>;
  readonly tcpListeners: ReadonlyMap<string, TcpListenerRuntime>;
  readonly udpListeners: ReadonlyMap<string, UdpListenerRuntime>;
  readonly pools: ReadonlyMap<string, PoolRuntime>;
  readonly servers: ReadonlyMap<string, ServerRuntime>;
  /**
   * Gives the servers their places in the pools of this plan. Called once, when nothing can refuse
   * the plan any more: until then servers that are kept serve in the pools of the one before.
   */
  readonly settle: () => void;
};

/**
 * Compiles `plan`; `seed` differs between workers. Throws where a part cannot be compiled. Nothing
 * of the plan before is changed until it is settled.
 */
export function compilePlan(plan: Plan, before: PlanRuntime | null, seed: number): PlanRuntime {
  const servers = new Map<string, ServerRuntime>();
  const moves: (() => void)[] = [];
  const pools = plan.pools.map((pool) => compilePool(pool, { before, servers, moves, seed }));
  const options = { whole: plan, before, pools, seed };
  const http = plan.listeners.filter((listener) => listener.protocol === 'http');
  const listeners = http.map((listener) => compileListener(listener, options));
  const tcp = plan.listeners
    .filter((listener) => listener.protocol === 'tcp')
    .map((listener) => compileTcpListener(listener, pools, seed));
  const udp = plan.listeners
    .filter((listener) => listener.protocol === 'udp')
    .map((listener) => {
      const use = before?.udpListeners.get(listener.key)?.use ?? new UdpUse();
      return new UdpListenerRuntime(listener, pools[listener.routes[0]!.pool]!, use);
    });
  return {
    plan,
    listeners: new Map(listeners.map((listener) => [listener.plan.key, listener])),
    tcpListeners: new Map(tcp.map((listener) => [listener.plan.key, listener])),
    udpListeners: new Map(udp.map((listener) => [listener.plan.key, listener])),
    pools: new Map(pools.map((pool) => [pool.key, pool])),
    servers,
    settle: () => {
      for (const move of moves) move();
    },
  };
}

/** Ends what the plan before had and the new one, which is settled, has not. */
export function retire(before: PlanRuntime, now: PlanRuntime): void {
  for (const server of before.servers.values()) {
    if (now.servers.get(server.key) === server) continue;
    server.isRemoved = true;
    for (const upstream of [...server.idle]) closeUpstream(upstream);
  }
  // Made without TLS, say, where there is TLS now: no request may go out on it any more.
  for (const server of now.servers.values()) {
    const outdated = server.idle.filter(({ way }) => way !== server.way);
    for (const upstream of outdated) closeUpstream(upstream);
  }
  for (const [key, listener] of before.listeners) {
    if (!now.listeners.has(key)) listener.isRemoved = true;
  }
  for (const [key, listener] of before.tcpListeners) {
    if (!now.tcpListeners.has(key)) listener.isRemoved = true;
  }
}

type PoolOptions = {
  readonly before: PlanRuntime | null;
  readonly servers: Map<string, ServerRuntime>;
  /** What is to be done when the plan is settled, in this order. */
  readonly moves: (() => void)[];
  readonly seed: number;
};

function compilePool(plan: PoolPlan, options: PoolOptions): PoolRuntime {
  const { before, servers, moves, seed } = options;
  const known = before?.pools.get(plan.key);
  if (known !== undefined && isSame(known.plan, plan)) {
    for (const server of known.servers) servers.set(server.key, server);
    return known;
  }
  const pool = new PoolRuntime(plan);
  const own = plan.servers.map((serverPlan, index) => {
    const kept = before?.servers.get(serverPlan.key);
    const isKept = kept !== undefined && isSame(kept.plan.address, serverPlan.address);
    const server = isKept ? kept : new ServerRuntime(serverPlan, index, pool);
    if (isKept) moves.push(() => server.move(serverPlan, index, pool));
    // What a check or an agent says of it comes together with the plan.
    else if (plan.check === null && plan.verdictsOf === null) server.observed = 'up';
    if (kept !== undefined && !isKept) moves.push(() => forgetPassive(serverPlan.slot));
    servers.set(server.key, server);
    return server;
  });
  moves.push(() => pool.setServers(own, seed));
  return pool;
}

type ListenerOptions = {
  readonly whole: Plan;
  readonly before: PlanRuntime | null;
  readonly pools: readonly PoolRuntime[];
  readonly seed: number;
};

function compileListener(plan: HttpListenerPlan, options: ListenerOptions): ListenerRuntime {
  const { whole, before, pools, seed } = options;
  const { limits } = whole;
  return new ListenerRuntime(plan, {
    table: tableOf(plan, before?.listeners.get(plan.key)),
    routes: compileRouteRuntimes(plan.routes, pools, seed),
    trust: compileCidrList(plan.trust) ?? new Uint8Array(0),
    proxyFrom: networksOf(plan.proxyProtocol),
    policy: {
      headBytes: limits.headBytes,
      uriBytes: limits.uriBytes,
      fields: limits.fields,
      allowEncodedSlash: plan.allowEncodedSlash,
      mergeSlashes: plan.mergeSlashes,
      unusualFieldNames: plan.unusualFieldNames,
    },
    answerLimits: {
      headBytes: limits.answerHeadBytes,
      uriBytes: limits.uriBytes,
      fields: limits.fields,
    },
    pages: new Map(plan.errorPages.map((page) => [page.status, decodePage(page)])),
  });
}

/** Servers by name come and go often: the same routes are not compiled again for them. */
function tableOf(plan: HttpListenerPlan, known: ListenerRuntime | undefined): RouteTable {
  const isKnown = known !== undefined && isSame(known.plan.routes, plan.routes);
  return isKnown ? known.table : compileRoutes(plan.routes);
}

function compileTcpListener(
  plan: TcpListenerPlan,
  pools: readonly PoolRuntime[],
  seed: number,
): TcpListenerRuntime {
  const routes = plan.routes.map((route) => {
    const weights = route.pools.map((target) => target.weight);
    const split = weights.length > 1 ? new WeightedSplit(weights, seed) : null;
    const targets = route.pools.map((target) => pools[target.pool]!);
    return new TcpRouteRuntime(route, targets, split);
  });
  return new TcpListenerRuntime(plan, routes, networksOf(plan.proxyProtocol));
}

function networksOf(plan: ProxyAcceptPlan | null): Uint8Array | null {
  return plan === null ? null : compileCidrList(plan.from);
}

function decodePage(page: { contentType: string; bodyBase64: string }): ErrorPage {
  return { contentType: page.contentType, body: Buffer.from(page.bodyBase64, 'base64') };
}

/** One runtime for all routes that do the same; several pools take turns for each route alone. */
function compileRouteRuntimes(
  routes: readonly RoutePlan[],
  pools: readonly PoolRuntime[],
  seed: number,
): RouteRuntime[] {
  const shared = new Map<string, RouteRuntime>();
  return routes.map((route) => {
    const { action, rewrite, timeouts } = route;
    const isOwn = action.kind === 'pools' && action.pools.length > 1;
    const sameness = JSON.stringify([isOwn ? route.key : '', action, rewrite, timeouts]);
    const known = shared.get(sameness) ?? compileRoute(route, pools, seed);
    shared.set(sameness, known);
    return known;
  });
}

function compileRoute(plan: RoutePlan, pools: readonly PoolRuntime[], seed: number): RouteRuntime {
  const { action, rewrite } = plan;
  const targets = action.kind === 'pools' ? action.pools : [];
  const weights = targets.map((target) => target.weight);
  const body =
    action.kind === 'respond' ? Buffer.from(action.bodyBase64, 'base64') : Buffer.alloc(0);
  return new RouteRuntime(
    plan,
    targets.map((target) => pools[target.pool]!),
    {
      split: targets.length > 1 ? new WeightedSplit(weights, seed) : null,
      requestEdits: fieldEditor(rewrite.request),
      responseEdits: fieldEditor(rewrite.response),
      body,
    },
  );
}

/** Plans are plain data, written by one program in one order. */
function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
