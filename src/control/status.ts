/** Builds the status report from the parts of the control plane. */
import { LISTENER_METER, POOL_METER, ROUTE_METER, WORKER_METER } from '../base/meters.ts';
import type { PoolPlan } from '../config/plan.ts';
import { bindText } from '../sys/sockets.ts';
import type { ControlParts } from './control-view.ts';
import { addressStatuses } from './guardian/address-status.ts';
import { kernelListeners } from './kernel/kernel-status.ts';
import { poolNames } from './names/name-status.ts';
import { serverStatus } from './server-states/server-status.ts';
import type {
  ListenerStatus,
  PoolStatus,
  RouteStatus,
  StatusReport,
  WorkerStatus,
} from './status-report.ts';

/** Changes of servers' states in the report. */
const RECENT_EVENTS = 10;

/** Called for each GET /status. */
export function buildStatus(parts: ControlParts): StatusReport {
  const { plan } = parts;
  return {
    ...buildBalancer(parts),
    listeners: listenerStatuses(parts),
    kernelListeners: kernelListeners(plan, parts.floating.kernel),
    routes: routeStatuses(parts),
    pools: plan.pools.map((pool) => poolStatus(pool, parts)),
    addresses: addressStatuses(parts.floating),
    certificates: parts.certificates.status(),
    acme: parts.acme.status(),
    recentEvents: parts.health.events.list(0, RECENT_EVENTS),
  };
}

/** The part of a report that is about the balancer as a whole, and its processes. */
export type BalancerStatus = Omit<
  StatusReport,
  | 'listeners'
  | 'kernelListeners'
  | 'routes'
  | 'pools'
  | 'addresses'
  | 'certificates'
  | 'acme'
  | 'recentEvents'
>;

/** Called for each report, the overview of the API included. */
export function buildBalancer(parts: ControlParts): BalancerStatus {
  const { plan, startedAt, fleet, reloader } = parts;
  const serves = fleet.workers.some(({ shownState }) => shownState === 'serving');
  return {
    version: parts.productVersion,
    pid: process.pid,
    generation: parts.succession.generation,
    lastUpgrade: parts.succession.upgrader.last,
    state: parts.isDraining ? 'draining' : serves ? 'serving' : 'starting',
    startedAt: new Date(startedAt).toISOString(),
    uptimeSeconds: Math.round(process.uptime()),
    plan: { version: plan.version, digest: parts.configuration.digest },
    configuration: parts.configuration,
    workers: workerStatuses(parts),
    workerRestarts: fleet.restarts,
    lastReload: reloader.last,
  };
}

function workerStatuses({ fleet }: ControlParts): WorkerStatus[] {
  const workers = [...fleet.workers].sort((a, b) => a.index - b.index);
  return workers.map((worker) => ({
    index: worker.index,
    pid: worker.pid,
    state: worker.shownState,
    startedAt: new Date(worker.startedAt).toISOString(),
    heartbeatAgeMs: Math.round(fleet.silentMs(worker)),
    planVersion: worker.appliedVersion,
    connections: worker.segment.values[WORKER_METER.connectionsLive]!,
  }));
}

function listenerStatuses({ plan, meters }: ControlParts): ListenerStatus[] {
  return plan.listeners.map((listener) => ({
    name: listener.key,
    addresses: listener.binds.map(bindText),
    connections: meters.sum(listener.slot, LISTENER_METER.connectionsLive),
    connectionsTotal: meters.sum(listener.slot, LISTENER_METER.connections),
    requestsTotal: meters.sum(listener.slot, LISTENER_METER.requests),
  }));
}

function routeStatuses({ plan, meters }: ControlParts): RouteStatus[] {
  return plan.listeners.flatMap((listener) =>
    listener.routes.map((route) => ({
      listener: listener.key,
      name: route.key.slice(listener.key.length + 1),
      requestsTotal: meters.sum(route.slot, ROUTE_METER.requests),
    })),
  );
}

function poolStatus(pool: PoolPlan, parts: ControlParts): PoolStatus {
  const { meters, health } = parts;
  const counts = { meters, kernel: parts.floating.kernel };
  const { names, missing } = poolNames(pool, parts.names);
  const servers = pool.servers.flatMap(({ key }) => {
    const view = health.view(key);
    return view === null ? [] : [serverStatus(view, counts)];
  });
  return {
    name: pool.key,
    requestsTotal: meters.sum(pool.slot, POOL_METER.requests),
    requestsLive: meters.sum(pool.slot, POOL_METER.requestsLive),
    queueLength: meters.sum(pool.slot, POOL_METER.queueLive),
    retriesTotal: meters.sum(pool.slot, POOL_METER.retries),
    servers: [...servers, ...missing],
    names,
  };
}
