/** Closing a socket that clients send to. */
import { closeFd } from '../../sys/sockets.ts';
import { worker } from '../worker-state.ts';
import { flushReplies } from './replies.ts';
import type { UdpClientSocket } from './udp-listener.ts';

/** Closes this process's share of a socket; what waits to be sent from it is sent. */
export function closeClientSocket(c: UdpClientSocket): void {
  if (c.isClosed) return;
  flushReplies();
  c.isClosed = true;
  worker.wheel.cancel(c);
  // The supervisor may have it still: closing alone would not end the watch.
  worker.loop.remove(c.fd);
  worker.forget(c);
  closeFd(c.fd);
}
