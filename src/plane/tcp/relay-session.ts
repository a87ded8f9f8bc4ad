/**
 * Bytes both ways. Each direction is ended on its own: a FIN is passed on as a FIN once everything
 * before it is, and the other direction goes on (RFC 9293 §3.6). A reset is passed on as a reset.
 */
import { REASON } from '../../base/reasons.ts';
import { RECEIVE_AT, RECEIVE_BYTES, receiveBytes } from '../buffers.ts';
import { FAILED, arm, flush, readFrom, shutWrite, writeTo } from '../connection.ts';
import type { Connection } from '../connection.ts';
import { READS_PER_TURN } from '../limits.ts';
import { noteSuccess } from '../passive.ts';
import { TIMER } from '../timers.ts';
import { worker } from '../worker-state.ts';
import { abortSession, finishSession } from './end-session.ts';
import { screenFirstBytes } from './screen-first-bytes.ts';
import { lookMs } from './session-timer.ts';
import type { TcpSession } from './session.ts';
import { LANE, giveLane, stepLane, takeLane } from './splice-lane.ts';
import type { Lane } from './splice-lane.ts';

/** Goes on with both directions: something came, or can be sent. */
export function relaySession(s: TcpSession): void {
  const { client } = s;
  const server = s.upstream!;
  if (s.isUnlisted && !screenFirstBytes(s)) return;
  if ((client.canRead || s.up !== null) && !pump(s, client, server)) {
    abortSession(s, broken === client ? REASON.clientReset : REASON.serverReset);
    return;
  }
  if (server.canRead || s.down !== null) {
    if (!pump(s, server, client)) {
      abortSession(s, broken === client ? REASON.clientReset : REASON.serverReset);
      return;
    }
    if (s.firstByteMs < 0 && server.bytesIn > 0) {
      s.firstByteMs = worker.nowMs;
      noteSuccess(s.server!);
    }
  }
  s.activeMs = worker.nowMs;
  if (client.isShut || server.isShut) sideFinished(s);
}

/** A side has sent its FIN and everything before it is passed on. */
function sideFinished(s: TcpSession): void {
  if (s.client.isShut && s.upstream!.isShut) {
    finishSession(s);
    return;
  }
  if (s.isHalfClosed) return;
  s.isHalfClosed = true;
  arm(s.client, TIMER.tunnel, lookMs(s));
}

/** The side that was found broken by the last pump that returned false. */
let broken: Connection | null = null;

/** Moves what there is from one side to the other; false when a side is broken. */
function pump(s: TcpSession, from: Connection, to: Connection): boolean {
  const isUp = from === s.client;
  for (let i = 0; i < READS_PER_TURN; i++) {
    if (to.isShut || to.outLength > 0) return true;
    const lane = isUp ? s.up : s.down;
    if (lane !== null && (lane.held > 0 || !from.isUrgent)) {
      const result = stepLane(lane, from, to);
      if (result === LANE.moved) continue;
      return laneResult(s, from, to, result);
    }
    if (!from.canRead) return true;
    const got = readFrom(from, RECEIVE_AT, receiveBytes());
    if (got === -1) return true;
    if (got === -2) {
      broken = from;
      return false;
    }
    if (got === 0) {
      senderFinished(from, to);
      return true;
    }
    if (writeTo(to, RECEIVE_AT, got) === FAILED) {
      broken = to;
      return false;
    }
    if (got === RECEIVE_BYTES && !from.isUrgent) setLane(s, isUp, takeLane());
  }
  worker.later(from);
  return true;
}

/** The FIN of one side goes to the other. */
function senderFinished(from: Connection, to: Connection): void {
  from.canRead = false;
  // Where the other direction is over too, closing says it all.
  if (from.isShut) to.isShut = true;
  else shutWrite(to);
}

function laneResult(s: TcpSession, from: Connection, to: Connection, result: number): boolean {
  if (result === LANE.senderBroken || result === LANE.receiverBroken) {
    broken = result === LANE.senderBroken ? from : to;
    return false;
  }
  if (result === LANE.waits) return true;
  const isUp = from === s.client;
  giveLane((isUp ? s.up : s.down)!);
  setLane(s, isUp, null);
  if (from.canRead) worker.later(from);
  return true;
}

function setLane(s: TcpSession, isUp: boolean, lane: Lane | null): void {
  if (isUp) s.up = lane;
  else s.down = lane;
}

/** Sends what waits for a side; false when the session has ended with it. */
export function flushSession(s: TcpSession, c: Connection): boolean {
  if (c.outLength === 0) return true;
  if (flush(c) !== FAILED) return true;
  abortSession(s, c === s.client ? REASON.clientReset : REASON.serverReset);
  return false;
}
