/** The line of a session for datagrams in the access log. */
import { beginLine, endLine, putPhase, putReason } from '../access-log.ts';
import { putNumber, putText } from '../buffers.ts';
import { worker } from '../worker-state.ts';
import { addressOfKey } from './place-session.ts';
import type { UdpSession } from './udp-session.ts';

/** Writes the line of a session that has ended. */
export function logUdpSession(s: UdpSession): void {
  let out = beginLine();
  if (out < 0) return;
  const { host, port } = addressOfKey(s.key);
  out = putText(out, s.socket.listener.logText);
  out = putText(out, ',"client":"');
  out = putText(out, host);
  out = putText(out, '","clientPort":');
  out = putNumber(out, port);
  out = putReason(out, s.reason);
  out = putText(out, s.pool!.logText);
  if (s.server !== null) out = putText(out, s.server.logText);
  out = putText(out, ',"retries":');
  out = putNumber(out, s.retries);
  out = putText(out, ',"datagramsIn":');
  out = putNumber(out, s.datagramsIn);
  out = putText(out, ',"datagramsOut":');
  out = putNumber(out, s.datagramsOut);
  out = putText(out, ',"bytesIn":');
  out = putNumber(out, s.bytesIn);
  out = putText(out, ',"bytesOut":');
  out = putNumber(out, s.bytesOut);
  endLine(putPhase(out, ',"totalMs":', worker.nowMs - s.startMs));
}
