/** The plan as the data plane runs it: plain objects that requests hold on to until they end. */
import { BoundedList } from '../base/bounded-list.ts';
import type { Balancer } from '../balance/balancer.ts';
import { PoolLoad, ServerState } from '../balance/balancer.ts';
import { createBalancer } from '../balance/create.ts';
import type { WeightedSplit } from '../balance/weighted-split.ts';
import type {
  IdlePlan,
  HttpListenerPlan,
  PoolPlan,
  RoutePlan,
  ServerPlan,
} from '../config/plan.ts';
import { POOL_METER } from '../base/meters.ts';
import { RetryBudget } from '../machine/retry-budget.ts';
import type { HeadLimits, RequestPolicy } from '../codec/http1-head.ts';
import type { Administrative, Observed } from '../machine/health.ts';
import { PathRewrite } from '../route/rewrite-path.ts';
import type { RouteTable } from '../route/route-table.ts';
import { addressOf } from '../sys/libc.ts';
import { AF_INET, AF_INET6, AF_UNIX, encodeSockaddr } from '../sys/sockaddr.ts';
import type { Placement } from './placement.ts';
import { sharesLive } from './places.ts';
import { applyColumns } from './pool-availability.ts';
import { bump, slotStart } from './meter-segment.ts';
import { fieldEditor } from './field-editor.ts';
import type { FieldEditor } from './field-editor.ts';
import type { Termination } from './tls/termination.ts';
import type { UpstreamTls } from './tls/upstream-tls.ts';
import type { UdpServerSocket } from './udp/server-socket.ts';
import type { Upstream } from './upstream.ts';
import { jsonText } from './json-text.ts';

const FAMILIES = { ipv4: AF_INET, ipv6: AF_INET6, unix: AF_UNIX } as const;

/** A server of a pool. Lives on through reloads while its key and address stay. */
export class ServerRuntime {
  readonly key: string;
  readonly family: number;
  readonly isTcp: boolean;
  /** Kept so that the memory behind `sockaddrAddress` lives as long as the server. */
  readonly sockaddr: Uint8Array;
  readonly sockaddrAddress: number;
  /** The address, as Host of a request that has none. */
  readonly hostText: string;
  /** `,"server":"name"` for the access log. */
  readonly logText: string;
  readonly idle: Upstream[] = [];
  /** Sockets for datagrams whose answer has come, the one that is idle for longest first. */
  readonly idleDatagram: UdpServerSocket[] = [];
  plan: ServerPlan;
  idlePlan: IdlePlan;
  /** What the balancer of its present pool sees of it. */
  state: ServerState;
  pool: PoolRuntime;
  /** Requests in flight from this worker, under whatever plan they began. */
  live = 0;
  observed: Observed = 'unknown';
  administrative: Administrative = 'ready';
  /** What an operator or the server's agent has set in place of the plan's; null: nothing. */
  weightSet: number | null = null;
  maxConnectionsSet: number | null = null;
  /** By passive health, as this worker last saw it. */
  isEjected = false;
  /** Was not in service, so that it starts slowly when it is again; see slow-start.ts. */
  wasOut = false;
  /** When its slow start has begun; -1: it has its full weight. */
  slowSinceMs = -1;
  /** Requests at once over all workers, as configured or as an operator has set it; 0: no limit. */
  maxConnections: number;
  meter: number;
  /** Connections open, idle ones included. */
  open = 0;
  /** How connections to it are made: another number after each change of that. */
  way = 0;
  /** A session of TLS to be resumed, as OpenSSL has it; 0: none. */
  tlsSession = 0;
  /** Not in the plan any more: its connections end with their requests. */
  isRemoved = false;

  constructor(plan: ServerPlan, index: number, pool: PoolRuntime) {
    this.key = plan.key;
    this.plan = plan;
    this.maxConnections = plan.maxConnections;
    this.pool = pool;
    this.idlePlan = pool.plan.idle;
    this.family = FAMILIES[plan.address.family];
    this.isTcp = plan.address.family !== 'unix';
    this.sockaddr = encodeSockaddr(plan.address);
    this.sockaddrAddress = addressOf(this.sockaddr);
    const host = plan.address.family === 'ipv6' ? `[${plan.address.host}]` : plan.address.host;
    this.hostText = this.isTcp ? `${host}:${plan.address.port}` : 'localhost';
    this.logText = `,"server":${jsonText(plan.name)}`;
    this.meter = slotStart(plan.slot);
    this.state = new ServerState(index, plan.weight, plan.name);
  }

  /** Its weight without slow start. */
  get weight(): number {
    return this.weightSet ?? this.plan.weight;
  }

  /** Takes its place in the pool of a new plan. */
  move(plan: ServerPlan, index: number, pool: PoolRuntime): void {
    if (wayText(this.plan, this.pool) !== wayText(plan, pool)) this.way++;
    this.plan = plan;
    this.maxConnections = this.maxConnectionsSet ?? plan.maxConnections;
    this.pool = pool;
    this.idlePlan = pool.plan.idle;
    this.meter = slotStart(plan.slot);
    const { latencyUs, latencyAtMs } = this.state;
    this.state = new ServerState(index, plan.weight, plan.name);
    this.state.live = this.live;
    this.state.latencyUs = latencyUs;
    this.state.latencyAtMs = latencyAtMs;
  }
}

/** What a connection is for good, from its first byte on. */
function wayText({ tlsName }: ServerPlan, { plan }: PoolRuntime): string {
  return JSON.stringify([plan.tls, plan.sendProxy, plan.source, plan.tls === null ? '' : tlsName]);
}

export class PoolRuntime {
  readonly key: string;
  readonly plan: PoolPlan;
  readonly meter: number;
  readonly queue: BoundedList<Placement>;
  readonly budget: RetryBudget;
  readonly logText: string;
  servers: ServerRuntime[] = [];
  /** By the place of the server; the balancer's own view, which ends with this pool. */
  states: ServerState[] = [];
  /** Places of servers that were found at their limit, until they are looked at again. */
  readonly full: number[] = [];
  balancer: Balancer | null = null;
  readonly load = new PoolLoad();
  /** Requests that are not answered yet, and those of them that are being tried again. */
  live = 0;
  liveRetries = 0;
  /** Whether any server has a limit on its connections. */
  hasLimits = false;
  /** Servers that are ejected, as this worker last saw it. */
  ejectedCount = 0;
  /** Local address of connections to servers, as the kernel has it; null: the kernel chooses. */
  readonly source: Uint8Array | null;
  /** Whether its algorithm hashes what a request has. */
  readonly hashes: boolean;
  /** Whether its algorithm goes by the time to the first byte. */
  readonly usesLatency: boolean;
  /** TLS towards its servers; null speaks in the clear. Made anew with the store. */
  tls: UpstreamTls | null = null;
  /** Whether its algorithm looks at what all workers have on a server. */
  sharesLive = false;

  constructor(plan: PoolPlan) {
    this.key = plan.key;
    this.plan = plan;
    this.meter = slotStart(plan.slot);
    this.queue = new BoundedList<Placement>(plan.queue.size);
    this.hashes = plan.balance.hash !== null;
    this.usesLatency = plan.balance.kind === 'least-time';
    this.source = plan.source === null ? null : encodeSockaddr(plan.source);
    this.budget = new RetryBudget(plan.retry.budgetPercent, plan.retry.budgetMin);
    this.logText = `,"pool":${jsonText(plan.key)}`;
  }

  /** Takes its servers, new or from the plan before, and makes its balancer. */
  setServers(servers: ServerRuntime[], seed: number): void {
    this.servers = servers;
    this.ejectedCount = servers.filter((server) => server.isEjected).length;
    this.sharesLive = sharesLive(this);
    this.states = servers.map((server) => server.state);
    this.load.live = servers.reduce((sum, server) => sum + server.live, 0);
    this.balancer = createBalancer(this.plan.balance, this.states, this.load, seed);
    applyColumns(this);
  }

  /** Counts a request in or out. */
  countLive(by: number): void {
    this.live += by;
    bump(this.meter + POOL_METER.requestsLive, by);
  }
}

/**
 * What a route does with a request. Routes that do the same share one: of thousands of routes hardly
 * one is in the caches, and each object that is looked into would cost a miss.
 */
export class RouteRuntime {
  /** The pool of a route that has just one. */
  readonly onlyPool: PoolRuntime | null;
  readonly firstByteMs: number;
  readonly bodyIdleMs: number;
  readonly tunnelMs: number;
  /** The most bytes that the route adds to the head of a request. */
  readonly addedBytes: number;
  /** Edits of the fields sent to the server and to the client; null where there are none. */
  readonly requestEdits: FieldEditor | null;
  readonly responseEdits: FieldEditor | null;
  readonly hostText: string | null;
  readonly pathRewrite: PathRewrite | null;
  readonly pools: readonly PoolRuntime[];
  readonly split: WeightedSplit | null;
  readonly plan: RoutePlan;
  /** The whole answer of a route that answers by itself, made when the plan was applied. */
  readonly body: Uint8Array;

  constructor(plan: RoutePlan, pools: readonly PoolRuntime[], parts: RouteParts) {
    const { path, prefix, host } = plan.rewrite;
    this.onlyPool = pools.length === 1 ? pools[0]! : null;
    this.firstByteMs = plan.timeouts.firstByteMs;
    this.bodyIdleMs = plan.timeouts.bodyIdleMs;
    this.tunnelMs = plan.timeouts.tunnelMs;
    this.addedBytes =
      (parts.requestEdits?.lines.length ?? 0) +
      [path, prefix, host].reduce((sum, text) => sum + (text?.length ?? 0), 0);
    this.requestEdits = parts.requestEdits;
    this.responseEdits = parts.responseEdits;
    this.hostText = host;
    this.pathRewrite = path === null && prefix === null ? null : new PathRewrite(plan.rewrite);
    this.pools = pools;
    this.split = parts.split;
    this.plan = plan;
    this.body = parts.body;
  }
}

export type RouteParts = {
  readonly split: WeightedSplit | null;
  readonly requestEdits: FieldEditor | null;
  readonly responseEdits: FieldEditor | null;
  readonly body: Uint8Array;
};

/** A listener with its compiled routes; connections look at it anew for each request. */
export class ListenerRuntime {
  readonly plan: HttpListenerPlan;
  readonly meter: number;
  readonly table: RouteTable;
  /** By the index that the table finds: what it does, its meters, `,"route":"key"` for the log. */
  readonly routes: readonly RouteRuntime[];
  readonly routeMeters: Int32Array;
  readonly routeTexts: readonly string[];
  /** Networks whose forwarding fields are believed, as compileCidrList makes them. */
  readonly trust: Uint8Array;
  /** Networks whose connections begin with a PROXY header; null where none does. */
  readonly proxyFrom: Uint8Array | null;
  readonly policy: RequestPolicy;
  readonly answerLimits: HeadLimits;
  readonly viaText: string | null;
  /** The most bytes that the listener adds to the head of a request, its host not counted. */
  readonly addedBytes: number;
  readonly logText: string;
  /** Own pages by status. */
  readonly pages: ReadonlyMap<number, ErrorPage>;
  /** How TLS is ended; null: requests come in the clear. Made anew with the store. */
  termination: Termination | null = null;
  /** The line of Strict-Transport-Security; null where it is not sent. */
  readonly hstsText: string | null;
  /** Fields that tell of a client's certificate: what clients send in them is left out. */
  readonly ownFields: FieldEditor | null;
  /** Not in the plan any more: its connections end with their requests. */
  isRemoved = false;

  constructor(plan: HttpListenerPlan, parts: ListenerParts) {
    this.plan = plan;
    this.meter = slotStart(plan.slot);
    this.table = parts.table;
    this.routes = parts.routes;
    this.routeMeters = Int32Array.from(plan.routes, (route) => slotStart(route.slot));
    this.routeTexts = plan.routes.map((route) => `,"route":${jsonText(route.key)}`);
    this.trust = parts.trust;
    this.proxyFrom = parts.proxyFrom;
    this.policy = parts.policy;
    this.answerLimits = parts.answerLimits;
    this.pages = parts.pages;
    this.hstsText = plan.hsts === '' ? null : `Strict-Transport-Security: ${plan.hsts}\r\n`;
    this.ownFields = ownFields(plan);
    const via = plan.forwarded.via;
    this.viaText = via === '' ? null : `Via: 1.1 ${via}\r\n`;
    this.addedBytes = addedBytes(plan);
    this.logText = `,"listener":${jsonText(plan.key)}`;
  }
}

/** Bytes for X-Forwarded-*, a Connection of our own, Max-Forwards and the words around them. */
const BASE_BYTES = 256;
/** Bytes for Forwarded with an IPv6 address, and for an identifier taken from the client. */
const FORWARDED_BYTES = 128;
const REQUEST_ID_BYTES = 160;

function addedBytes(plan: HttpListenerPlan): number {
  const { forwarded, requestId, via } = plan.forwarded;
  const forwardedBytes = forwarded || plan.trust.length > 0 ? FORWARDED_BYTES : 0;
  return BASE_BYTES + forwardedBytes + (requestId === 'off' ? 0 : REQUEST_ID_BYTES) + via.length;
}

function ownFields(plan: HttpListenerPlan): FieldEditor | null {
  const fields = Object.values(plan.tls?.clientAuth?.fields ?? {}).filter((name) => name !== '');
  return fieldEditor({ remove: fields, set: [], add: [] });
}

export type ErrorPage = { readonly contentType: string; readonly body: Uint8Array };

export type ListenerParts = {
  readonly table: RouteTable;
  readonly routes: readonly RouteRuntime[];
  readonly trust: Uint8Array;
  readonly proxyFrom: Uint8Array | null;
  readonly policy: RequestPolicy;
  readonly answerLimits: HeadLimits;
  readonly pages: ReadonlyMap<number, ErrorPage>;
};
