/**
 * The handshakes that are under way in this worker, bounded in number, and whose turn it is to use a
 * private key: that takes so long (0.1 to 2 ms) that one is used in each turn of the loop, and
 * everybody else is looked after in between.
 */
import { LISTENER_METER } from '../../base/meters.ts';
import type { Connection } from '../connection.ts';
import { bump } from '../meter-segment.ts';
import { worker } from '../worker-state.ts';
import type { DownstreamTls } from './downstream-tls.ts';
import type { TlsStream } from './tls-stream.ts';

export const handshakes = {
  /** Handshakes under way at most; past it the one that began first makes room. */
  limit: 1_024,
  /** Those under way, in the order in which they began. */
  live: new Map<TlsStream, Connection>(),
  /** Those that wait for their turn, in order. Never more than are under way. */
  waiting: [] as Connection[],
};

/** The turn of the loop in which a private key was used last. */
let keyTurnMs = -1;

/** Counts a handshake in; returns the connection that has to make room for it, or null. */
export function enterHandshake(c: Connection, t: DownstreamTls): Connection | null {
  handshakes.live.set(t, c);
  bump(t.meter + LISTENER_METER.handshakesLive);
  if (handshakes.live.size <= handshakes.limit) return null;
  return handshakes.live.values().next().value!;
}

/** Counts a handshake out; for one that is out already it does nothing. */
export function leaveHandshake(t: TlsStream): void {
  if (!handshakes.live.delete(t)) return;
  bump((t as DownstreamTls).meter + LISTENER_METER.handshakesLive, -1);
}

/** Whether a private key may be used now; if not, the connection goes on when its turn comes. */
export function takeKeyTurn(c: Connection): boolean {
  if (keyTurnMs !== worker.nowMs && handshakes.waiting.length === 0) {
    keyTurnMs = worker.nowMs;
    return true;
  }
  handshakes.waiting.push(c);
  return false;
}

/** Called each turn: the connection whose turn it is, or null. */
export function nextWaiting(): Connection | null {
  while (keyTurnMs !== worker.nowMs) {
    const c = handshakes.waiting.shift();
    if (c === undefined) return null;
    if (c.isClosed) continue;
    keyTurnMs = worker.nowMs;
    return c;
  }
  return null;
}
