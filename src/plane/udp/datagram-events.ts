/** What an event, a time limit or an exception means for a socket for datagrams. */
import { REASON } from '../../base/reasons.ts';
import { ROLE } from '../connection.ts';
import type { Watched } from '../connection.ts';
import { worker } from '../worker-state.ts';
import { endSession } from './end-session.ts';
import { receiveAnswers, serverSocketDue } from './receive-answers.ts';
import { receiveClients, resetClients } from './receive-clients.ts';
import { closeIdleSocket } from './server-socket.ts';
import type { UdpServerSocket } from './server-socket.ts';
import { clientSocketDue } from './udp-lifecycle.ts';
import type { UdpClientSocket } from './udp-listener.ts';

/** Something has come, or an error. */
export function onDatagrams(w: Watched): void {
  if (w.role === ROLE.udpServer) receiveAnswers(w as UdpServerSocket);
  else receiveClients(w as UdpClientSocket);
}

/** The socket's timer is due. */
export function datagramDue(w: Watched): void {
  worker.current = w;
  if (w.role === ROLE.udpServer) serverSocketDue(w as UdpServerSocket);
  else clientSocketDue(w as UdpClientSocket);
}

/** After an exception: ends the session that raised it, or lets a listening socket go on. */
export function endDatagrams(w: Watched): void {
  if (w.role === ROLE.udpListener) {
    resetClients(w as UdpClientSocket);
    return;
  }
  const u = w as UdpServerSocket;
  if (u.session !== null) endSession(u.session, REASON.exception);
  else closeIdleSocket(u);
}
