/** What is connected to a server that has failed, where its pool says that it is closed then. */
import { REASON } from '../base/reasons.ts';
import { ROLE } from './connection.ts';
import { connectFailed } from './dispatch.ts';
import { abortExchange } from './exchange-end.ts';
import type { Exchange } from './exchange.ts';
import { PHASE } from './exchange.ts';
import type { ServerRuntime } from './runtime.ts';
import { sessionConnectFailed } from './tcp/connect-session.ts';
import { abortSession } from './tcp/end-session.ts';
import { STAGE } from './tcp/session.ts';
import type { TcpSession } from './tcp/session.ts';
import type { Upstream } from './upstream.ts';
import { worker } from './worker-state.ts';

/**
 * To be called when `server` has failed. Connections to it that are still being made go to another
 * server at once. Where the pool says so, sessions of layer 4 and tunnels on it end with a reset:
 * their clients must not wait for a dead server, nor write to one that has lost its role. Looks
 * through all connections: a server fails seldom.
 */
export function closeOnDown(server: ServerRuntime): void {
  const closes = server.pool.plan.onDown === 'close';
  for (const w of worker.watched) {
    if (w === undefined || (w.role !== ROLE.upstream && w.role !== ROLE.tcpServer)) continue;
    const u = w as Upstream;
    if (u.server !== server) continue;
    worker.current = u;
    if (u.session !== null) leaveSession(u.session, closes);
    else if (u.exchange !== null) leaveExchange(u.exchange, closes);
  }
}

function leaveSession(s: TcpSession, closes: boolean): void {
  if (s.stage === STAGE.connecting) sessionConnectFailed(s, REASON.serverDown);
  else if (closes) abortSession(s, REASON.serverDown);
}

function leaveExchange(x: Exchange, closes: boolean): void {
  if (x.phase === PHASE.connecting) connectFailed(x, REASON.connectFailed);
  else if (closes && x.phase === PHASE.tunnel) abortExchange(x, REASON.serverDown);
}
