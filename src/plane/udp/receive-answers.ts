/** Datagrams of servers, on their way to the clients of their sessions. */
import { DROP } from '../../base/datagram-drops.ts';
import { LISTENER_METER, SERVER_METER } from '../../base/meters.ts';
import { REASON } from '../../base/reasons.ts';
import { EAGAIN, EINTR } from '../../sys/errno.ts';
import * as libc from '../../sys/libc.ts';
import { injectDatagramFault, injectsFaults } from '../fault-injection.ts';
import { bump } from '../meter-segment.ts';
import { noteSuccess } from '../passive.ts';
import { worker } from '../worker-state.ts';
import { endSession, finishQuery } from './end-session.ts';
import { isServerError, moveSession, serverFailed } from './place-session.ts';
import { queryDue, queryRefused } from './query.ts';
import { addReply, discardAnswers, outbox, roomForReplies } from './replies.ts';
import { DATAGRAM_MASK, closeIdleSocket } from './server-socket.ts';
import type { UdpServerSocket } from './server-socket.ts';
import type { UdpSession } from './udp-session.ts';

/** Datagrams that are received with one call: few servers answer with more. */
const BATCH = 8;
/** Such calls for one session in one turn: the others must have their share. */
const BATCHES_PER_TURN = 8;

/** How long a draining worker waits for the answer to a client that it has not heard of again. */
export const DRAIN_ANSWER_MS = 2_000;

/** Passes on what a server has sent. */
export function receiveAnswers(u: UdpServerSocket): void {
  const s = u.session;
  if (s === null) {
    discardIdle(u);
    return;
  }
  let hasFailed = false;
  for (let round = 0; round < BATCHES_PER_TURN; round++) {
    const at = roomForReplies(s.socket, BATCH);
    const got = outbox.receive(u.fd, at, BATCH);
    if (got > 0) {
      passOn(s, u, at, got);
      if (s.isEnded || u.session !== s) return;
      if (got < BATCH && !hasFailed) return;
      continue;
    }
    const error = libc.errno();
    if (error === EAGAIN) {
      if (hasFailed) serverRefused(s);
      return;
    }
    // What came before the error is still to be read.
    if (error !== EINTR && isServerError(error)) hasFailed = true;
  }
  if (hasFailed) serverRefused(s);
  else worker.loop.renew(u.fd, u.generation, DATAGRAM_MASK);
}

function passOn(s: UdpSession, u: UdpServerSocket, at: number, got: number): void {
  const { listener } = s.socket;
  let bytes = 0;
  const count = listener.isPacket ? 1 : got;
  for (let i = 0; i < count; i++) {
    const length = outbox.lengthOf(at + i);
    if (injectsFaults) injectDatagramFault(outbox.bytes, outbox.offsetOf(at + i), length);
    bytes += length;
    addReply(s);
  }
  bump(u.server.meter + SERVER_METER.bytesIn, bytes);
  s.activeMs = worker.nowMs;
  if (!s.isAnswered) {
    s.isAnswered = true;
    noteSuccess(u.server);
  }
  s.triedCount = 0;
  if (!listener.isPacket) {
    // Nobody but its client would miss it now, and the client has what it asked for.
    if (worker.isDraining && !s.isConfirmed) endSession(s, REASON.none);
    return;
  }
  for (let i = count; i < got; i++) outbox.clearData(at + i);
  if (got > count) bump(listener.meter + LISTENER_METER.drops + DROP.unasked, got - count);
  finishQuery(s);
}

function serverRefused(s: UdpSession): void {
  serverFailed(s.server!);
  if (s.socket.listener.isPacket) queryRefused(s);
  else moveSession(s);
}

/** What comes to a socket that nobody waits at is an answer to a datagram before, once more. */
function discardIdle(u: UdpServerSocket): void {
  if (discardAnswers(u.fd) < 0) closeIdleSocket(u);
}

/** A time limit of a socket towards a server is reached. */
export function serverSocketDue(u: UdpServerSocket): void {
  const s = u.session;
  if (u.isClosed) return;
  if (s === null) {
    closeIdleSocket(u);
    return;
  }
  const { listener } = s.socket;
  if (listener.isPacket) {
    queryDue(s);
    return;
  }
  const { idleMs } = listener.plan;
  const isBrief = worker.isDraining && !s.isConfirmed;
  const dueMs = s.activeMs + (isBrief ? Math.min(idleMs, DRAIN_ANSWER_MS) : idleMs);
  if (dueMs <= worker.nowMs) endSession(s, REASON.sessionIdle);
  else worker.wheel.schedule(u, dueMs);
}
