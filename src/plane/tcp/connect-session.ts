/** From a session's route to a connection with a server, trying another where one fails. */
import { GOES_ON, OPEN } from '../tls/downstream-handshake.ts';
import { beginUpstreamTls } from '../tls/upstream-handshake.ts';
import { noteLatency } from '../../balance/least-time.ts';
import { POOL_METER, ROUTE_METER, SERVER_METER } from '../../base/meters.ts';
import { REASON } from '../../base/reasons.ts';
import { RECEIVE_AT } from '../buffers.ts';
import { FAILED, ROLE, arm, restoreInput, writeTo } from '../connection.ts';
import { sourceKey } from '../hash-key.ts';
import { bump } from '../meter-segment.ts';
import { noteFailure } from '../passive.ts';
import { leaveServer, noteTry } from '../places.ts';
import { sendProxyHeader } from '../send-proxy-header.ts';
import { takeRetry } from '../retry.ts';
import { TIMER } from '../timers.ts';
import { closeUpstream, openUpstream } from '../upstream.ts';
import { placeOrQueue } from '../wait-queue.ts';
import { worker } from '../worker-state.ts';
import { abortSession } from './end-session.ts';
import { relaySession, writeFailed } from './relay-session.ts';
import { STAGE } from './session.ts';
import { lookMs } from './session-timer.ts';
import type { TcpSession } from './session.ts';
import type { TcpRouteRuntime } from './tcp-listener.ts';

/** Gives a session to a server of its route's pool. */
export function routeSession(s: TcpSession, route: TcpRouteRuntime): void {
  s.route = route;
  bump(route.meter + ROUTE_METER.requests);
  const pool = route.pickPool();
  s.pool = pool;
  pool.countLive(1);
  bump(pool.meter + POOL_METER.requests);
  if (pool.hashes) s.hashKey = sourceKey(pool.plan.balance.hash!, s.clientText, s.clientPort);
  place(s);
}

function place(s: TcpSession): void {
  const index = placeOrQueue(s, s.pool!);
  if (index >= 0) connectSession(s, index);
}

/** Begins the connection to the pool's server `index`, on which the session has its place. */
export function connectSession(s: TcpSession, index: number): void {
  const server = noteTry(s, s.pool!, index);
  s.stage = STAGE.connecting;
  const upstream = openUpstream(server, ROLE.tcpServer);
  if (upstream === null) {
    sessionConnectFailed(s, REASON.connectFailed);
    return;
  }
  s.upstream = upstream;
  upstream.session = s;
  arm(upstream, TIMER.connect, server.pool.plan.connectMs);
}

/** No connection could be made: nothing was sent, so another server may have it. */
export function sessionConnectFailed(s: TcpSession, reason: number): void {
  const server = s.server!;
  bump(server.meter + SERVER_METER.connectFailures);
  noteFailure(server, 'connect');
  leaveServer(s);
  const { upstream } = s;
  s.upstream = null;
  if (upstream !== null) closeUpstream(upstream);
  s.reason = reason;
  if (takeRetry(s, s.pool!)) place(s);
  else abortSession(s, reason);
}

/** The connection is made: what comes before the client's own bytes goes first. */
export function sessionConnected(s: TcpSession): void {
  const u = s.upstream!;
  const { tls, plan } = s.pool!;
  const { sendProxy } = plan;
  // A server that is gone already has heard nothing of the client's: another one may have it.
  if (sendProxy !== null && !sendProxyHeader(u, sendProxy, s.client, s)) {
    sessionConnectFailed(s, REASON.connectFailed);
    return;
  }
  if (tls === null) sessionReady(s);
  else sessionTlsStep(s, beginUpstreamTls(u, tls));
}

/** What has come of a step of the handshake with the server. */
export function sessionTlsStep(s: TcpSession, result: number): void {
  if (result === OPEN) sessionReady(s);
  else if (result !== GOES_ON) sessionConnectFailed(s, -result);
}

/** The server listens: what was read of the client so far goes first. */
function sessionReady(s: TcpSession): void {
  const u = s.upstream!;
  const { client } = s;
  u.isConnected = true;
  u.kind = TIMER.none;
  s.connectedMs = worker.nowMs;
  s.activeMs = worker.nowMs;
  if (s.pool!.usesLatency) {
    const us = (s.connectedMs - s.dispatchMs) * 1000;
    noteLatency(s.server!.state, us, worker.nowMs);
  }
  s.stage = STAGE.relaying;
  arm(client, TIMER.tunnel, lookMs(s));
  const early = s.isUnlisted ? 0 : restoreInput(client, RECEIVE_AT);
  if (early > 0 && writeTo(u, RECEIVE_AT, early) === FAILED) {
    writeFailed(s, u);
    return;
  }
  relaySession(s);
}
