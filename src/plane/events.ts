/** What an event of the loop means for the connection that has it. */
import { REASON } from '../base/reasons.ts';
import { EPOLLERR, EPOLLHUP, EPOLLOUT } from '../sys/event-loop.ts';
import { FAILED, ROLE, WRITTEN, arm, flush, noteReadiness } from './connection.ts';
import { connectFailed } from './dispatch.ts';
import { closeSoftly, drain, resetDownstream } from './downstream-end.ts';
import { closeDownstream } from './downstream.ts';
import type { Downstream } from './downstream.ts';
import { abortExchange } from './exchange-end.ts';
import { settleClient, settleServer } from './exchange-timers.ts';
import { PHASE } from './exchange.ts';
import type { Exchange } from './exchange.ts';
import { readAnswer, relayAnswerBody } from './relay-answer.ts';
import { relayRequestBody, sendRequest, uploadFailed, uploadUnblocked } from './relay-request.ts';
import { readRequests } from './request-input.ts';
import { TIMER } from './timers.ts';
import { resumeSession } from './tcp/session-events.ts';
import { relayTunnel } from './tunnel.ts';
import { GOES_ON, OPEN } from './tls/downstream-handshake.ts';
import { beginUpstreamTls, runUpstreamTls } from './tls/upstream-handshake.ts';
import { closeUpstream, isStale } from './upstream.ts';
import type { Upstream } from './upstream.ts';
import { sendProxyHeader } from './send-proxy-header.ts';
import { worker } from './worker-state.ts';

/** An event of a client's connection. */
export function onDownstream(d: Downstream, mask: number): void {
  noteReadiness(d, mask);
  if ((mask & EPOLLERR) !== 0) {
    const x = d.exchange;
    if (x !== null) abortExchange(x, REASON.clientClosed);
    else closeDownstream(d);
    return;
  }
  if ((mask & EPOLLOUT) !== 0 && d.outLength > 0 && !flushDownstream(d)) return;
  resumeDownstream(d);
}

/** Sends what waits; false when it still does, or when the connection is gone. */
function flushDownstream(d: Downstream): boolean {
  const before = d.outLength;
  const result = flush(d);
  if (result === FAILED) {
    if (d.exchange !== null) abortExchange(d.exchange, REASON.clientClosed);
    else resetDownstream(d);
    return false;
  }
  const { timeouts } = d.acceptor.listener.plan;
  if (result !== WRITTEN) {
    if (d.outLength < before && d.kind === TIMER.write) arm(d, TIMER.write, timeouts.writeMs);
    // A tunnel's other direction goes on meanwhile.
    return d.exchange !== null;
  }
  if (d.exchange !== null) {
    if (d.kind === TIMER.write) d.kind = TIMER.none;
    settleClient(d.exchange);
  } else if (!d.closesWhenSent && !isFirst(d)) arm(d, TIMER.keepAlive, timeouts.keepAliveMs);
  if (d.closesWhenSent && d.exchange === null) {
    closeSoftly(d);
    return false;
  }
  return true;
}

/** The limit of a handshake, or of a first request, is not prolonged by what was sent meanwhile. */
function isFirst(d: Downstream): boolean {
  return d.kind === TIMER.handshake || d.kind === TIMER.head;
}

/** Goes on with a client's connection: something changed, or its share of a turn begins anew. */
export function resumeDownstream(d: Downstream): void {
  if (d.isClosed) return;
  if (d.isLingering) {
    drain(d);
    return;
  }
  const x = d.exchange;
  if (x === null) {
    if (!d.closesWhenSent) readRequests(d);
    return;
  }
  if (x.phase === PHASE.tunnel) relayTunnel(x);
  else if (x.phase === PHASE.queued && d.isHangup) abortExchange(x, REASON.clientClosed);
  else resumeExchange(x);
}

function resumeExchange(x: Exchange): void {
  const d = x.downstream!;
  const isUploading = x.phase === PHASE.waiting || x.phase === PHASE.answering;
  if (isUploading && !x.isRequestDone && d.canRead) relayRequestBody(x);
  // Relaying may have ended the exchange.
  if (d.exchange === x && x.phase === PHASE.answering && d.outLength === 0) relayAnswerBody(x);
}

/** An event of a connection to a server. */
export function onUpstream(u: Upstream, mask: number): void {
  noteReadiness(u, mask);
  const x = u.exchange;
  if (x === null) {
    // Idle: end of file, an error, or data that nobody asked for.
    if ((mask & ~EPOLLOUT) !== 0 && (u.tls === null || isStale(u))) closeUpstream(u);
    return;
  }
  if (x.phase === PHASE.connecting) {
    connected(x, u, mask);
    return;
  }
  if ((mask & EPOLLOUT) !== 0 && !flushUpstream(x, u)) return;
  resumeUpstream(u);
}

function connected(x: Exchange, u: Upstream, mask: number): void {
  if (u.tls !== null) {
    goOnWithTls(x, u, runUpstreamTls(u));
    return;
  }
  if ((mask & (EPOLLERR | EPOLLHUP)) !== 0) {
    connectFailed(x, REASON.connectFailed);
    return;
  }
  if ((mask & EPOLLOUT) === 0) return;
  const { tls, plan } = x.pool!;
  const { sendProxy } = plan;
  if (sendProxy !== null && !sendProxyHeader(u, sendProxy, x.downstream!, x.downstream!)) {
    connectFailed(x, REASON.connectFailed);
    return;
  }
  if (tls === null) ready(x, u);
  else goOnWithTls(x, u, beginUpstreamTls(u, tls));
}

function goOnWithTls(x: Exchange, u: Upstream, result: number): void {
  if (result === OPEN) ready(x, u);
  else if (result !== GOES_ON) connectFailed(x, -result);
}

/** The connection is made, and its TLS: the request may go. */
function ready(x: Exchange, u: Upstream): void {
  u.isConnected = true;
  u.kind = TIMER.none;
  x.connectedMs = worker.nowMs;
  x.phase = PHASE.waiting;
  sendRequest(x);
  if (u.exchange === x && u.canRead) readAnswer(x, u);
}

function flushUpstream(x: Exchange, u: Upstream): boolean {
  if (u.outLength > 0) {
    const result = flush(u);
    if (result === FAILED) {
      if (x.phase === PHASE.tunnel) abortExchange(x, REASON.serverClosed);
      else uploadFailed(x, u);
      return false;
    }
    if (result !== WRITTEN) {
      // What the server takes is progress: its limit begins anew.
      if (u.kind === TIMER.upstreamWrite) u.kind = TIMER.none;
      settleServer(x);
      return true;
    }
    if (x.phase !== PHASE.tunnel) uploadUnblocked(x);
  } else if (x.requestSent < x.requestLength) uploadUnblocked(x);
  return u.exchange === x;
}

/** Goes on with a connection to a server. */
export function resumeUpstream(u: Upstream): void {
  const x = u.exchange;
  if (x === null || u.isClosed) return;
  if (x.phase === PHASE.tunnel) relayTunnel(x);
  else if (u.canRead) readAnswer(x, u);
}

/** Goes on with the connections whose share of the last turn was used up. */
export function resumeReady(): void {
  if (worker.resumeAt >= worker.resuming.length) {
    if (worker.ready.length === 0) return;
    worker.resuming = worker.ready;
    worker.ready = [];
    worker.resumeAt = 0;
  }
  // The place is kept outside: after an exception the rest goes on in the next turn.
  while (worker.resumeAt < worker.resuming.length) {
    const c = worker.resuming[worker.resumeAt++]!;
    c.isReady = false;
    worker.current = c;
    if (c.role === ROLE.downstream) resumeDownstream(c as Downstream);
    else if (c.role === ROLE.upstream) resumeUpstream(c as Upstream);
    else resumeSession(c);
  }
}
