/** The line of a handshake that failed: nothing else would tell of such a client. */
import { beginLine, endLine, putReason } from '../access-log.ts';
import { putText } from '../buffers.ts';
import type { Downstream } from '../downstream.ts';
import { jsonText } from '../json-text.ts';
import { worker } from '../worker-state.ts';
import type { DownstreamTls } from './downstream-tls.ts';

/** Logs a handshake of a listener for HTTP. */
export function logHandshake(d: Downstream, t: DownstreamTls, reason: number): void {
  const { listener } = d.acceptor;
  if (!listener.plan.accessLog || !worker.isLogging) return;
  let out = beginLine();
  if (out < 0) return;
  out = putText(out, listener.logText);
  out = putText(out, `,"client":"${d.clientText}"`);
  if (t.serverName !== '') out = putText(out, `,"serverName":"${t.serverName}"`);
  out = putReason(out, reason);
  if (t.detail !== '') out = putText(out, `,"detail":${jsonText(t.detail)}`);
  endLine(out);
}
