/**
 * The handshakes that are under way in this worker, bounded in number, and whose turn it is to use a
 * private key: that takes so long (RSA 1 to 2 ms, others 0.1 ms) that few are used in each turn of
 * the loop, and everybody else is looked after in between.
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

/** What a turn of the loop has for private keys; one that is begun is finished. */
const TURN_SHARES = 4;
const RSA_SHARES = TURN_SHARES;
const OTHER_SHARES = 1;

/** The turn of the loop in which a private key was used last, and what is left of it. */
let turnMs = -1;
let sharesLeft = TURN_SHARES;

/** Takes the share of a handshake from the turn; false where the turn has none left. */
function takeShares(t: DownstreamTls): boolean {
  if (turnMs !== worker.nowMs) {
    turnMs = worker.nowMs;
    sharesLeft = TURN_SHARES;
  }
  if (sharesLeft <= 0) return false;
  sharesLeft -= t.shown[0]?.keyType === 'rsa' ? RSA_SHARES : OTHER_SHARES;
  return true;
}

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
export function takeKeyTurn(c: Connection, t: DownstreamTls): boolean {
  if (handshakes.waiting.length === 0 && takeShares(t)) return true;
  handshakes.waiting.push(c);
  return false;
}

/** Called each turn, until it returns null: the connection whose turn it is. */
export function nextWaiting(): Connection | null {
  const { waiting } = handshakes;
  while (waiting.length > 0) {
    const c = waiting[0]!;
    if (c.isClosed || c.tls === null) waiting.shift();
    else if (takeShares(c.tls as DownstreamTls)) return waiting.shift()!;
    else return null;
  }
  return null;
}
