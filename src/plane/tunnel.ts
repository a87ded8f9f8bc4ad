/** After 101: bytes both ways, each direction ended on its own (RFC 9110 §7.8). */
import { REASON } from '../base/reasons.ts';
import { RECEIVE_AT, RECEIVE_BYTES } from './buffers.ts';
import { FAILED, arm, readFrom, shutWrite, writeTo } from './connection.ts';
import type { Connection } from './connection.ts';
import { abortExchange, endExchange } from './exchange-end.ts';
import type { Exchange } from './exchange.ts';
import { PHASE } from './exchange.ts';
import { READS_PER_TURN } from './limits.ts';
import { restoreInput } from './connection.ts';
import { TIMER } from './timers.ts';
import { probeKeepAlive } from './upstream.ts';
import { worker } from './worker-state.ts';

/** Turns an exchange into a tunnel; the head of the 101 has been sent. */
export function beginTunnel(x: Exchange): void {
  const d = x.downstream!;
  x.phase = PHASE.tunnel;
  x.closeDownstream = true;
  x.upstream!.kind = TIMER.none;
  probeKeepAlive(x.upstream!);
  arm(d, TIMER.tunnel, x.route!.tunnelMs);
  // What the client sent behind its request was meant for the tunnel.
  const early = restoreInput(d, RECEIVE_AT);
  d.isInputUnparsed = false;
  if (early > 0 && writeTo(x.upstream!, RECEIVE_AT, early) === FAILED) {
    abortExchange(x, REASON.serverClosed);
    return;
  }
  relayTunnel(x);
}

/** Goes on with both directions. */
export function relayTunnel(x: Exchange): void {
  const d = x.downstream!;
  const u = x.upstream!;
  if (!pump(d, u)) {
    abortExchange(x, REASON.serverClosed);
    return;
  }
  if (!pump(u, d)) {
    abortExchange(x, REASON.clientClosed);
    return;
  }
  if (d.isShut && u.isShut) {
    x.isAnswerDone = true;
    endExchange(x);
    return;
  }
  arm(d, TIMER.tunnel, x.route!.tunnelMs);
}

/** Moves what there is from one side to the other; false when the receiving side is broken. */
function pump(from: Connection, to: Connection): boolean {
  for (let i = 0; i < READS_PER_TURN; i++) {
    if (to.isShut || to.outLength > 0 || !from.canRead) return true;
    const got = readFrom(from, RECEIVE_AT, RECEIVE_BYTES);
    if (got === -1) return true;
    // A reset is passed on as one: a cut stream must not look whole.
    if (got === -2) return false;
    if (got === 0) {
      shutWrite(to);
      return true;
    }
    if (writeTo(to, RECEIVE_AT, got) === FAILED) return false;
  }
  worker.later(from);
  return true;
}
