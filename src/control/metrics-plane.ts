/** Metrics that the workers count: one table per kind of slot. */
import {
  LISTENER_METER,
  POOL_METER,
  ROUTE_METER,
  SERVER_METER,
  WORKER_METER,
} from '../base/meters.ts';
import { REASONS } from '../base/reasons.ts';
import type { Plan, PoolPlan } from '../config/plan.ts';
import type { ControlParts } from './control-view.ts';
import type { MetersReader } from './meters-reader.ts';
import { datagramsText } from './metrics-datagrams.ts';
import { durationsText, headText, labelText, responsesText, tableText } from './metric-text.ts';
import type { Row, Thing } from './metric-text.ts';

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

/** Of listeners that end TLS. */
const TERMINATION_ROWS: readonly Row[] = [
  ['tls_handshakes_total', 'counter', LISTENER_METER.handshakes, 'Handshakes that were finished.'],
  ['tls_resumed_total', 'counter', LISTENER_METER.handshakesResumed, 'Those of resumed sessions.'],
  ['tls_failures_total', 'counter', LISTENER_METER.handshakesFailed, 'Handshakes that failed.'],
  ['tls_handshakes', 'gauge', LISTENER_METER.handshakesLive, 'Handshakes under way.'],
];

/** Of servers that are spoken to over TLS. */
const SERVER_TLS_ROWS: readonly Row[] = [
  ['tls_handshakes_total', 'counter', SERVER_METER.handshakes, 'Handshakes with the server.'],
  ['tls_resumed_total', 'counter', SERVER_METER.handshakesResumed, 'Those of resumed sessions.'],
  ['tls_failures_total', 'counter', SERVER_METER.handshakesFailed, 'Handshakes that failed.'],
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
  ['ejections_total', 'counter', SERVER_METER.ejections, 'Ejections by passive health.'],
];

type Things = {
  readonly listeners: readonly Thing[];
  /** Those of the listeners that are for datagrams. */
  readonly datagrams: readonly Thing[];
  /** Listeners that end TLS, and servers that are spoken to over it. */
  readonly terminations: readonly Thing[];
  readonly serversOfTls: readonly Thing[];
  readonly routes: readonly Thing[];
  readonly pools: readonly Thing[];
  readonly servers: readonly Thing[];
};

/** Labels of thousands of routes are the same with each scrape of one plan. */
const known = new WeakMap<Plan, Things>();

function thingsOf(plan: Plan): Things {
  const before = known.get(plan);
  if (before !== undefined) return before;
  const things: Things = {
    listeners: plan.listeners.map(({ key, slot }) => thing(slot, { listener: key })),
    datagrams: plan.listeners
      .filter(({ protocol }) => protocol === 'udp')
      .map(({ key, slot }) => thing(slot, { listener: key })),
    terminations: plan.listeners
      .filter((listener) => listener.protocol !== 'udp' && listener.tls !== null)
      .map(({ key, slot }) => thing(slot, { listener: key })),
    serversOfTls: plan.pools.filter(({ tls }) => tls !== null).flatMap(serverThings),
    routes: plan.listeners.flatMap((listener) =>
      listener.routes.map(({ key, slot }) =>
        thing(slot, { listener: listener.key, route: key.slice(listener.key.length + 1) }),
      ),
    ),
    pools: plan.pools.map(({ key, slot }) => thing(slot, { pool: key })),
    servers: plan.pools.flatMap(serverThings),
  };
  known.set(plan, things);
  return things;
}

function serverThings(pool: PoolPlan): Thing[] {
  return pool.servers.map(({ name, slot }) => thing(slot, { pool: pool.key, server: name }));
}

function thing(slot: number, labels: Readonly<Record<string, string>>): Thing {
  return { slot, labels: labelText(labels) };
}

/**
 * Every metric that comes from the meter segments, in short texts. The series of a route other than
 * its requests are there once it had one: most of thousands are never asked for.
 */
export function* planeText({ plan, meters, logLinesLost }: ControlParts): Generator<string> {
  const things = thingsOf(plan);
  const { listeners, datagrams, routes, pools, servers } = things;
  const linesLost = meters.sum(0, WORKER_METER.logLinesLost) + logLinesLost;
  yield* tableText('ballast', [{ slot: 0, labels: '' }], WORKER_ROWS, meters);
  yield headText('ballast_log_lines_lost_total', 'counter', 'Access log lines not written.');
  yield `ballast_log_lines_lost_total ${linesLost}\n`;
  yield* reasonsText(meters);
  yield* tableText('ballast_listener', listeners, LISTENER_ROWS, meters);
  yield* responsesText(LISTENER_RESPONSES, listeners, meters);
  yield* datagramsText(datagrams, meters);
  yield* tableText('ballast_listener', things.terminations, TERMINATION_ROWS, meters);
  yield* tableText('ballast_route', routes, ROUTE_ROWS, meters);
  yield* responsesText(ROUTE_RESPONSES, routes, meters);
  yield* durationsText(ROUTE_DURATION, routes, ROUTE_METER, meters);
  yield* tableText('ballast_pool', pools, POOL_ROWS, meters);
  yield* tableText('ballast_server', servers, SERVER_ROWS, meters);
  yield* tableText('ballast_server', things.serversOfTls, SERVER_TLS_ROWS, meters);
  yield* responsesText(SERVER_RESPONSES, servers, meters);
  yield* durationsText(FIRST_BYTE, servers, SERVER_METER, meters);
}

const LISTENER_RESPONSES = { prefix: 'ballast_listener', field: LISTENER_METER.statuses };
const ROUTE_RESPONSES = {
  prefix: 'ballast_route',
  field: ROUTE_METER.statuses,
  unlessZero: ROUTE_METER.requests,
};
const SERVER_RESPONSES = { prefix: 'ballast_server', field: SERVER_METER.statuses };
const ROUTE_DURATION = {
  name: 'ballast_route_duration_seconds',
  help: 'From the end of the request head to the last byte of the answer.',
};
const FIRST_BYTE = {
  name: 'ballast_server_first_byte_seconds',
  help: 'From a request sent to the first byte of its answer.',
};

function* reasonsText(meters: MetersReader): Generator<string> {
  const name = 'ballast_reasons_total';
  const help = 'Exchanges that Ballast ended, refused or answered itself, by reason.';
  yield headText(name, 'counter', help);
  for (const [id, { word, fault }] of REASONS.entries()) {
    const value = meters.sum(0, WORKER_METER.reasons + id);
    if (id > 0) yield `${name}{reason="${word}",fault="${fault}"} ${value}\n`;
  }
}
