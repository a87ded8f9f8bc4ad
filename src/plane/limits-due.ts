/** What happens when a time limit is reached: one row for each TIMER. */
import { POOL_METER } from '../base/meters.ts';
import { REASON } from '../base/reasons.ts';
import type { TimerNode } from '../base/timer-wheel.ts';
import { ROLE, arm } from './connection.ts';
import type { Connection, Watched } from './connection.ts';
import { connectFailed } from './dispatch.ts';
import { resetDownstream } from './downstream-end.ts';
import { closeDownstream } from './downstream.ts';
import type { Downstream } from './downstream.ts';
import { abortExchange } from './exchange-end.ts';
import { takeExchange } from './exchange.ts';
import { bump, countReason } from './meter-segment.ts';
import { answerOwn, failExchange } from './own-answer.ts';
import { sessionDue } from './tcp/session-events.ts';
import { TIMER } from './timers.ts';
import { endHandshake } from './tls/http-handshake.ts';
import { closeUpstream } from './upstream.ts';
import type { Upstream } from './upstream.ts';
import { datagramDue } from './udp/datagram-events.ts';
import { worker } from './worker-state.ts';

/** Called by the wheel for each connection whose limit is reached. */
export function onDue(node: TimerNode): void {
  if ((node as Watched).role >= ROLE.udpListener) {
    datagramDue(node as Watched);
    return;
  }
  const c = node as Connection;
  const limit = c.kind;
  c.kind = TIMER.none;
  worker.current = c;
  if (limit === TIMER.none || c.isClosed) return;
  if (c.role >= ROLE.tcpClient) sessionDue(c, limit);
  else if (limit >= TIMER.connect) upstreamDue(c as Upstream, limit);
  else downstreamDue(c as Downstream, limit);
}

function downstreamDue(d: Downstream, limit: number): void {
  const x = d.exchange;
  if (limit === TIMER.head) headDue(d);
  else if (limit === TIMER.handshake && d.tls !== null) endHandshake(d, REASON.tlsTimeout);
  else if (limit === TIMER.keepAlive || limit === TIMER.linger) {
    if (limit === TIMER.keepAlive) countReason(REASON.idleTimeout);
    closeDownstream(d);
  } else if (x === null) resetDownstream(d);
  else if (limit === TIMER.body) failExchange(x, REASON.bodyTimeout);
  else if (limit === TIMER.write) abortExchange(x, REASON.writeTimeout);
  else if (limit === TIMER.tunnel) abortExchange(x, REASON.tunnelTimeout);
  else if (limit === TIMER.queue) {
    bump(x.pool!.meter + POOL_METER.queueTimeouts);
    failExchange(x, REASON.queueTimeout);
  }
}

/** RFC 9110 §15.5.9. A client that has sent nothing at all is closed without a word. */
function headDue(d: Downstream): void {
  if (d.inLength === 0) {
    countReason(REASON.idleTimeout);
    closeDownstream(d);
    return;
  }
  const x = takeExchange(d);
  x.closeDownstream = true;
  answerOwn(x, REASON.headTimeout);
}

function upstreamDue(u: Upstream, limit: number): void {
  const x = u.exchange;
  if (x === null) closeUpstream(u);
  else if (limit === TIMER.connect) connectFailed(x, REASON.connectTimeout);
  else if (limit === TIMER.answerBody) {
    // A client that takes nothing stops the answer itself; its own limit decides then.
    if (x.downstream!.outLength > 0) arm(u, limit, x.route!.bodyIdleMs);
    else abortExchange(x, REASON.serverStalled);
  } else if (limit === TIMER.firstByte) failExchange(x, REASON.firstByteTimeout);
  else if (limit === TIMER.upstreamWrite) failExchange(x, REASON.serverWriteTimeout);
}
