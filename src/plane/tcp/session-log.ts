/** The line of a session in the access log. */
import { beginLine, endLine, putPhase, putQueue, putReason } from '../access-log.ts';
import { bytes, putNumber, putText } from '../buffers.ts';
import { jsonText } from '../json-text.ts';
import type { TlsStream } from '../tls/tls-stream.ts';
import { worker } from '../worker-state.ts';
import type { TcpSession } from './session.ts';

/** Writes the line of a session that has ended. */
export function logSession(s: TcpSession): void {
  let out = beginLine();
  if (out < 0) return;
  const { client, upstream } = s;
  out = putText(out, s.listener.logText);
  out = putText(out, ',"client":"');
  out = putText(out, s.clientText);
  const { tls } = client;
  if (s.serverName !== '' && tls === null) {
    out = putText(out, '","serverName":"');
    out = putText(out, jsonText(s.serverName).slice(1, -1));
  }
  if (s.uniqueId !== '') {
    out = putText(out, '","uniqueId":"');
    out = putText(out, jsonText(s.uniqueId).slice(1, -1));
  }
  bytes[out++] = 34;
  out = putReason(out, s.reason);
  if (s.route !== null) out = putText(out, s.route.logText);
  if (s.pool !== null) out = putText(out, s.pool.logText);
  if (s.server !== null) out = putText(out, s.server.logText);
  out = putText(out, ',"retries":');
  out = putNumber(out, s.retries);
  out = putText(out, ',"bytesIn":');
  out = putNumber(out, client.bytesIn - s.headerBytes);
  out = putText(out, ',"bytesOut":');
  out = putNumber(out, client.bytesOut);
  out = putQueue(out, s);
  if (s.connectedMs >= 0) out = putPhase(out, ',"connectMs":', s.connectedMs - s.dispatchMs);
  if (s.firstByteMs >= 0 && upstream !== null) {
    out = putPhase(out, ',"firstByteMs":', s.firstByteMs - s.startMs);
  }
  out = putPhase(out, ',"totalMs":', worker.nowMs - s.startMs);
  endLine(tls === null ? out : putText(out, sessionText(tls, s.serverName)));
}

/** Where its handshake was not finished, only the name is known. */
function sessionText({ logText }: TlsStream, serverName: string): string {
  return logText === '' && serverName !== '' ? `,"serverName":${jsonText(serverName)}` : logText;
}
