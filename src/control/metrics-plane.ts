/** Metrics that the workers count: one table per kind of slot. */
import {
  LATENCY_BUCKETS,
  LISTENER_METER,
  POOL_METER,
  ROUTE_METER,
  SERVER_METER,
  WORKER_METER,
} from '../base/meters.ts';
import { REASONS } from '../base/reasons.ts';
import type { ControlParts } from './control-view.ts';
import { histogramSamples, single, type Labels, type MetricFamily } from './metric-family.ts';
import type { MetersReader } from './meters-reader.ts';

type Row = readonly [name: string, type: 'counter' | 'gauge', field: number, help: string];

type Thing = { readonly slot: number; readonly labels: Labels };

const WORKER_ROWS: readonly Row[] = [
  ['connections', 'gauge', WORKER_METER.connectionsLive, 'Open client connections.'],
  ['upstream_connections', 'gauge', WORKER_METER.upstreamLive, 'Open connections to servers.'],
  ['buffer_bytes', 'gauge', WORKER_METER.bufferBytesLive, 'Memory of buffers in use.'],
  ['accept_pauses_total', 'counter', WORKER_METER.acceptPauses, 'Pauses of accepting at a limit.'],
  ['exceptions_total', 'counter', WORKER_METER.exceptions, 'Connections ended by a program error.'],
  ['stale_events_total', 'counter', WORKER_METER.staleEvents, 'Events for closed descriptors.'],
];

const LISTENER_ROWS: readonly Row[] = [
  ['connections_total', 'counter', LISTENER_METER.connections, 'Accepted connections.'],
  ['connections', 'gauge', LISTENER_METER.connectionsLive, 'Open connections.'],
  ['requests_total', 'counter', LISTENER_METER.requests, 'Requests.'],
  ['requests_active', 'gauge', LISTENER_METER.requestsLive, 'Requests under way.'],
  ['received_bytes_total', 'counter', LISTENER_METER.bytesIn, 'Bytes from clients.'],
  ['sent_bytes_total', 'counter', LISTENER_METER.bytesOut, 'Bytes to clients.'],
];

const ROUTE_ROWS: readonly Row[] = [
  ['requests_total', 'counter', ROUTE_METER.requests, 'Requests that the route matched.'],
];

const POOL_ROWS: readonly Row[] = [
  ['requests_total', 'counter', POOL_METER.requests, 'Requests sent to the pool.'],
  ['requests_active', 'gauge', POOL_METER.requestsLive, 'Requests under way.'],
  ['retries_total', 'counter', POOL_METER.retries, 'Further tries.'],
  ['retries_denied_total', 'counter', POOL_METER.retriesDenied, 'Tries the budget forbade.'],
  ['queue_length', 'gauge', POOL_METER.queueLive, 'Requests that wait for a server.'],
  ['queued_total', 'counter', POOL_METER.queued, 'Requests that had to wait.'],
  ['queue_timeouts_total', 'counter', POOL_METER.queueTimeouts, 'Requests that waited too long.'],
  ['queue_refused_total', 'counter', POOL_METER.queueRefused, 'Requests that met a full queue.'],
  ['no_server_up_total', 'counter', POOL_METER.noServerUp, 'Requests that found no server up.'],
];

const SERVER_ROWS: readonly Row[] = [
  ['requests_total', 'counter', SERVER_METER.requests, 'Requests sent to the server.'],
  ['requests_active', 'gauge', SERVER_METER.requestsLive, 'Requests under way.'],
  ['connections_total', 'counter', SERVER_METER.connections, 'Connections made.'],
  ['connections_idle', 'gauge', SERVER_METER.connectionsIdleLive, 'Connections that wait.'],
  ['connections_reused_total', 'counter', SERVER_METER.reused, 'Requests on a waiting connection.'],
  ['connect_failures_total', 'counter', SERVER_METER.connectFailures, 'Connections not made.'],
  ['stale_reuses_total', 'counter', SERVER_METER.staleReuses, 'Waiting connections found closed.'],
  ['received_bytes_total', 'counter', SERVER_METER.bytesIn, 'Bytes from the server.'],
  ['sent_bytes_total', 'counter', SERVER_METER.bytesOut, 'Bytes to the server.'],
  ['failures_total', 'counter', SERVER_METER.failures, 'Requests that the server failed.'],
];

const STATUS_CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx'];

/** Every family that comes from the meter segments. */
export function planeFamilies({ plan, meters, logLinesLost }: ControlParts): MetricFamily[] {
  const listeners = plan.listeners.map(({ key, slot }) => ({ slot, labels: { listener: key } }));
  const routes = plan.listeners.flatMap((listener) =>
    listener.routes.map(({ key, slot }) => {
      const route = key.slice(listener.key.length + 1);
      return { slot, labels: { listener: listener.key, route } };
    }),
  );
  const pools = plan.pools.map(({ key, slot }) => ({ slot, labels: { pool: key } }));
  const servers = plan.pools.flatMap((pool) =>
    pool.servers.map(({ name, slot }) => ({ slot, labels: { pool: pool.key, server: name } })),
  );
  const linesLost = meters.sum(0, WORKER_METER.logLinesLost) + logLinesLost;
  return [
    ...table('ballast', [{ slot: 0, labels: {} }], WORKER_ROWS, meters),
    single('ballast_log_lines_lost_total', 'counter', 'Access log lines not written.', linesLost),
    reasons(meters),
    ...table('ballast_listener', listeners, LISTENER_ROWS, meters),
    responses('ballast_listener', listeners, LISTENER_METER.statuses, meters),
    ...table('ballast_route', routes, ROUTE_ROWS, meters),
    responses('ballast_route', routes, ROUTE_METER.statuses, meters),
    durations(ROUTE_DURATION, routes, ROUTE_METER, meters),
    ...table('ballast_pool', pools, POOL_ROWS, meters),
    ...table('ballast_server', servers, SERVER_ROWS, meters),
    responses('ballast_server', servers, SERVER_METER.statuses, meters),
    durations(FIRST_BYTE, servers, SERVER_METER, meters),
  ];
}

const ROUTE_DURATION = {
  name: 'ballast_route_duration_seconds',
  help: 'From the end of the request head to the last byte of the answer.',
};
const FIRST_BYTE = {
  name: 'ballast_server_first_byte_seconds',
  help: 'From a request sent to the first byte of its answer.',
};

function table(
  prefix: string,
  things: readonly Thing[],
  rows: readonly Row[],
  meters: MetersReader,
): MetricFamily[] {
  return rows.map(([name, type, field, help]) => ({
    name: `${prefix}_${name}`,
    help,
    type,
    values: things.map(({ slot, labels }) => ({ value: meters.sum(slot, field), labels })),
  }));
}

function responses(
  prefix: string,
  things: readonly Thing[],
  field: number,
  meters: MetersReader,
): MetricFamily {
  const values = things.flatMap(({ slot, labels }) =>
    STATUS_CLASSES.map((code, place) => ({
      value: meters.sum(slot, field + place),
      labels: { ...labels, code },
    })),
  );
  const help = 'Answers by the class of their status.';
  return { name: `${prefix}_responses_total`, help, type: 'counter', values };
}

type DurationFields = { readonly latencySumUs: number; readonly latencyBuckets: number };

function durations(
  { name, help }: { readonly name: string; readonly help: string },
  things: readonly Thing[],
  fields: DurationFields,
  meters: MetersReader,
): MetricFamily {
  const values = things.flatMap(({ slot, labels }) => {
    const buckets = meters.sums(slot, fields.latencyBuckets, LATENCY_BUCKETS);
    // Thousands of routes that nobody asked for yet would only swell the page.
    if (buckets.every((count) => count === 0)) return [];
    const sumUs = meters.sum(slot, fields.latencySumUs);
    return histogramSamples(name, labels, { buckets, sumUs });
  });
  return { name, help, type: 'histogram', values };
}

function reasons(meters: MetersReader): MetricFamily {
  const values = REASONS.flatMap(({ word, fault }, id) => {
    if (id === 0) return [];
    const value = meters.sum(0, WORKER_METER.reasons + id);
    return [{ value, labels: { reason: word, fault } }];
  });
  const help = 'Exchanges that Ballast ended, refused or answered itself, by reason.';
  return { name: 'ballast_reasons_total', help, type: 'counter', values };
}
