/** The balancer without its servers one by one: what a page asks for again and again. */
import { hostname } from 'node:os';
import type { z } from '@hono/zod-openapi';
import { LISTENER_METER, POOL_METER } from '../../base/meters.ts';
import { bindText } from '../../sys/sockets.ts';
import type { ControlParts } from '../control-view.ts';
import { kernelListeners } from '../kernel/kernel-status.ts';
import type { ServerView } from '../server-states/server-view.ts';
import { takesNew } from '../server-states/server-view.ts';
import { buildBalancer } from '../status.ts';
import type { overviewSchema } from './schemas/status.ts';
import type { TrafficBook, TrafficKind } from './traffic.ts';

export type Overview = z.output<typeof overviewSchema>;
type Now = Overview['now'];
type ServerCounts = Overview['pools'][number]['servers'];
type Counts = { -readonly [K in keyof ServerCounts]: ServerCounts[K] };

const STATUS_CLASSES = 5;

/** Called for each GET /v1/overview: about once a second for each open page. */
export function buildOverview(parts: ControlParts, traffic: TrafficBook): Overview {
  const { plan, meters, health } = parts;
  const counts = countServers(health.views());
  return {
    ...buildBalancer(parts),
    host: hostname(),
    lastEventId: health.events.book.lastId,
    now: now(traffic, 'balancer', ''),
    listeners: plan.listeners.map((listener) => ({
      name: listener.key,
      protocol: listener.protocol,
      addresses: listener.binds.map(bindText),
      connections: meters.sum(listener.slot, LISTENER_METER.connectionsLive),
      connectionsTotal: meters.sum(listener.slot, LISTENER_METER.connections),
      requestsTotal: meters.sum(listener.slot, LISTENER_METER.requests),
      requestsLive: meters.sum(listener.slot, LISTENER_METER.requestsLive),
      statuses: meters.sums(listener.slot, LISTENER_METER.statuses, STATUS_CLASSES),
      now: now(traffic, 'listener', listener.key),
    })),
    kernelListeners: kernelListeners(plan, parts.floating.kernel),
    pools: plan.pools.map(({ key, slot }) => ({
      name: key,
      requestsTotal: meters.sum(slot, POOL_METER.requests),
      requestsLive: meters.sum(slot, POOL_METER.requestsLive),
      queueLength: meters.sum(slot, POOL_METER.queueLive),
      retriesTotal: meters.sum(slot, POOL_METER.retries),
      servers: counts.get(key) ?? noServers(),
      now: now(traffic, 'pool', key),
    })),
  };
}

function now(traffic: TrafficBook, kind: TrafficKind, name: string): Now {
  const latest = traffic.latest(kind, name);
  if (latest === null) return null;
  const { rate, errorRate, p50Ms, p95Ms, p99Ms } = latest;
  return { rate, errorRate, p50Ms, p95Ms, p99Ms };
}

function noServers(): Counts {
  return {
    total: 0,
    usable: 0,
    up: 0,
    down: 0,
    ejected: 0,
    unknown: 0,
    drain: 0,
    maintenance: 0,
  };
}

const COUNTED = {
  up: 'up',
  falling: 'up',
  down: 'down',
  rising: 'down',
  ejected: 'ejected',
  unknown: 'unknown',
} as const;

function countServers(views: Iterable<ServerView>): Map<string, Counts> {
  const found = new Map<string, Counts>();
  for (const view of views) {
    let counts = found.get(view.pool.key);
    if (counts === undefined) {
      counts = noServers();
      found.set(view.pool.key, counts);
    }
    counts.total += 1;
    counts[COUNTED[view.observed.state]] += 1;
    if (takesNew(view)) counts.usable += 1;
    const { administrative } = view.combined;
    if (administrative !== 'ready') counts[administrative] += 1;
  }
  return found;
}
