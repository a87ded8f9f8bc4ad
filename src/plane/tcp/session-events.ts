/** What an event or a time limit means for a session of layer 4. */
import { FAILED, flush } from '../connection.ts';
import { runUpstreamTls } from '../tls/upstream-handshake.ts';
import { sessionTlsStep } from './connect-session.ts';
import { POOL_METER } from '../../base/meters.ts';
import { REASON } from '../../base/reasons.ts';
import { EPOLLERR, EPOLLHUP, EPOLLOUT } from '../../sys/event-loop.ts';
import { ROLE, hasInput, noteReadiness } from '../connection.ts';
import type { Connection } from '../connection.ts';
import { bump } from '../meter-segment.ts';
import { TIMER } from '../timers.ts';
import { closeUpstream } from '../upstream.ts';
import type { Upstream } from '../upstream.ts';
import { sessionConnectFailed, sessionConnected } from './connect-session.ts';
import { abortSession } from './end-session.ts';
import { readHello } from './hello.ts';
import { flushSession, relaySession, sideBroken } from './relay-session.ts';
import { lookAtSession } from './session-timer.ts';
import { STAGE } from './session.ts';
import type { TcpClient } from './session.ts';

/** An event of the client's side. */
export function onTcpClient(c: TcpClient, mask: number): void {
  const s = c.session;
  noteReadiness(c, mask);
  if ((mask & EPOLLERR) !== 0) {
    if (s.stage === STAGE.relaying) sideBroken(s, c);
    else abortSession(s, REASON.clientReset);
    return;
  }
  if (s.stage === STAGE.relaying) {
    if ((mask & EPOLLOUT) !== 0 && !flushSession(s, c)) return;
    relaySession(s);
  } else if (s.stage === STAGE.hello) {
    if ((mask & EPOLLOUT) !== 0 && flush(c) === FAILED) abortSession(s, REASON.clientReset);
    else readHello(s);
  }
  // Both directions are over, and nothing is left that a server could want: a unix socket's close.
  else if ((mask & EPOLLHUP) !== 0 && c.inLength === 0 && !hasInput(c)) {
    abortSession(s, REASON.clientClosed);
  }
}

/** An event of the server's side. */
export function onTcpServer(u: Upstream, mask: number): void {
  const s = u.session;
  if (s === null) {
    closeUpstream(u);
    return;
  }
  noteReadiness(u, mask);
  if (s.stage === STAGE.connecting) {
    if (u.tls !== null) {
      sessionTlsStep(s, runUpstreamTls(u));
      return;
    }
    // A unix socket is connected at once: a hang-up is that of a server that has closed already.
    const failed = u.server.isTcp ? EPOLLERR | EPOLLHUP : EPOLLERR;
    if ((mask & failed) !== 0) sessionConnectFailed(s, REASON.connectFailed);
    else if ((mask & EPOLLOUT) !== 0) sessionConnected(s);
    return;
  }
  if ((mask & EPOLLERR) !== 0) {
    sideBroken(s, u);
    return;
  }
  if ((mask & EPOLLOUT) !== 0 && !flushSession(s, u)) return;
  relaySession(s);
}

/** Goes on with a session whose share of the last turn was used up. */
export function resumeSession(c: Connection): void {
  const s = c.role === ROLE.tcpClient ? (c as TcpClient).session : (c as Upstream).session;
  if (s === null || c.isClosed) return;
  if (s.stage === STAGE.relaying) relaySession(s);
  else if (s.stage === STAGE.hello) readHello(s);
}

/** A time limit of one of its sides is reached. */
export function sessionDue(c: Connection, limit: number): void {
  const s = c.role === ROLE.tcpClient ? (c as TcpClient).session : (c as Upstream).session;
  if (s === null) return;
  if (limit === TIMER.connect) sessionConnectFailed(s, REASON.connectTimeout);
  else if (limit === TIMER.handshake) abortSession(s, REASON.tlsTimeout);
  else if (limit === TIMER.head) abortSession(s, REASON.helloTimeout);
  else if (limit === TIMER.tunnel) lookAtSession(s);
  else if (limit === TIMER.queue) {
    bump(s.pool!.meter + POOL_METER.queueTimeouts);
    abortSession(s, REASON.queueTimeout);
  }
}
