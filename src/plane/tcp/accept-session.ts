/** A client of layer 4 arrives: its session begins. */
import { ACCEPTS_PER_TURN, acceptOne, clientPort, clientText, watchClient } from '../acceptor.ts';
import type { TcpAcceptor } from '../acceptor.ts';
import { arm } from '../connection.ts';
import { TIMER } from '../timers.ts';
import { beginHello } from './hello.ts';
import { routeSession } from './connect-session.ts';
import { TcpClient } from './session.ts';

/** Takes what waits on a socket of layer 4. */
export function acceptSessions(a: TcpAcceptor): void {
  for (let i = 0; i < ACCEPTS_PER_TURN; i++) {
    const fd = acceptOne(a);
    if (fd < 0) return;
    const client = new TcpClient(fd, a);
    const { session } = client;
    session.clientText = clientText();
    session.clientPort = clientPort();
    const { listener } = a;
    if (!watchClient(client, listener.meter)) return;
    if (listener.proxyFrom === null && listener.names === null && listener.termination === null) {
      routeSession(session, listener.routes[0]!);
      continue;
    }
    arm(client, TIMER.head, listener.plan.timeouts.helloMs);
    client.canRead = true;
    beginHello(session);
  }
}
