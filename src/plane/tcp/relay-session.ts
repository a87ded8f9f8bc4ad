/**
 * Bytes both ways. Each direction is ended on its own: a FIN is passed on as a FIN once everything
 * before it is, and the other direction goes on (RFC 9293 §3.6). A reset is passed on as a reset.
 */
import { REASON } from '../../base/reasons.ts';
import { RECEIVE_AT, RECEIVE_BYTES, receiveBytes } from '../buffers.ts';
import { FAILED, arm, flush, lackedMemory, readFrom, shutWrite, writeTo } from '../connection.ts';
import type { Connection } from '../connection.ts';
import { READS_PER_TURN } from '../limits.ts';
import { noteSuccess } from '../passive.ts';
import { TIMER } from '../timers.ts';
import { worker } from '../worker-state.ts';
import { abortSession, finishSession } from './end-session.ts';
import { passLastWords } from './last-words.ts';
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
  if ((client.canRead || s.up !== null) && !pump(s, client, server)) return;
  if (server.canRead || s.down !== null) {
    if (!pump(s, server, client)) return;
    if (s.firstByteMs < 0) noteFirstByte(s);
  }
  s.activeMs = worker.nowMs;
  if (client.isShut || server.isShut) sideFinished(s);
}

function noteFirstByte(s: TcpSession): void {
  if (s.upstream!.bytesIn === 0) return;
  s.firstByteMs = worker.nowMs;
  noteSuccess(s.server!);
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

/** What was to be sent to a side could not be. */
export function writeFailed(s: TcpSession, to: Connection): void {
  if (lackedMemory()) abortSession(s, REASON.bufferMemory);
  else sideBroken(s, to);
}

/** The connection of one side is broken: the other gets what was said before, then the reset. */
export function sideBroken(s: TcpSession, side: Connection): void {
  const { client } = s;
  const server = s.upstream!;
  passLastWords(s, side, side === client ? server : client);
  if (s.firstByteMs < 0) noteFirstByte(s);
  abortSession(s, side === client ? REASON.clientReset : REASON.serverReset);
}

function cut(s: TcpSession, side: Connection): false {
  sideBroken(s, side);
  return false;
}

/** Moves what there is from one side to the other; false when the session has ended with it. */
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
    if (got === -2) return cut(s, from);
    if (got === 0) {
      senderFinished(from, to);
      return true;
    }
    if (writeTo(to, RECEIVE_AT, got) === FAILED) {
      writeFailed(s, to);
      return false;
    }
    const isPlain = from.tls === null && to.tls === null;
    if (got === RECEIVE_BYTES && isPlain && !from.isUrgent) setLane(s, isUp, takeLane());
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
  if (result === LANE.senderBroken) return cut(s, from);
  if (result === LANE.receiverBroken) return cut(s, to);
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
  return flush(c) !== FAILED || cut(s, c);
}
