/** Reading the answer of a server and passing it on. */
import { noteLatency } from '../balance/least-time.ts';
import { assert } from '../base/errors.ts';
import { POOL_METER, SERVER_METER } from '../base/meters.ts';
import { REASON } from '../base/reasons.ts';
import { CHUNKED_HEADROOM, CHUNKED_MODE } from '../codec/http1-chunked.ts';
import { BODY, HEAD_FLAG, ResponseHead } from '../codec/http1-head.ts';
import { parseResponseHead } from '../codec/http1-response.ts';
import { answerRoom, mustWriteAnswer, writeAnswerHead } from './answer-writer.ts';
import { BLOCK_BYTES_MAX, GATHER_AT, RECEIVE_AT, RECEIVE_BYTES, bytes } from './buffers.ts';
import { BLOCKED, FAILED, arm, readFrom, restoreInput, saveInput, writeTo } from './connection.ts';
import { connectFailed, dropUpstream, isIdempotent, retryOr, serverGone } from './dispatch.ts';
import { leaveServer } from './places.ts';
import type { Exchange } from './exchange.ts';
import { PHASE, takeFilter } from './exchange.ts';
import { abortExchange, endExchange, isSent } from './exchange-end.ts';
import { settleClient, settleServer } from './exchange-timers.ts';
import { INTERIMS_MAX, READS_PER_TURN } from './limits.ts';
import { bump, observe } from './meter-segment.ts';
import { failExchange } from './own-answer.ts';
import { noteFailure, noteSuccess } from './passive.ts';
import { TIMER } from './timers.ts';
import { beginTunnel } from './tunnel.ts';
import type { Upstream } from './upstream.ts';
import { worker } from './worker-state.ts';

const head = new ResponseHead();

/** Goes on with an answer: called when the server's connection can be read. */
export function readAnswer(x: Exchange, u: Upstream): void {
  if (x.phase === PHASE.answering) relayAnswerBody(x);
  else if (x.phase === PHASE.waiting) readAnswerHead(x, u);
}

function readAnswerHead(x: Exchange, u: Upstream): void {
  while (u.canRead) {
    const saved = restoreInput(u, RECEIVE_AT);
    const got = readFrom(u, RECEIVE_AT + saved, RECEIVE_BYTES);
    if (got <= 0) {
      if (got !== -1) answerMissing(x, saved);
      else if (saved > 0 && !saveInput(u, RECEIVE_AT, saved)) failExchange(x, REASON.bufferMemory);
      return;
    }
    if (x.firstByteMs < 0) noteFirstByte(x);
    const end = RECEIVE_AT + saved + got;
    const next = parseHeads(x, RECEIVE_AT, end);
    if (next < 0) return;
    if (next < end && !saveInput(u, next, end - next)) {
      failExchange(x, REASON.bufferMemory);
      return;
    }
  }
}

/** The connection ended before the head did. */
function answerMissing(x: Exchange, saved: number): void {
  if (x.phase === PHASE.connecting) connectFailed(x, REASON.connectFailed);
  else if (saved === 0 && x.firstByteMs < 0) serverGone(x, REASON.serverClosed);
  else failExchange(x, REASON.serverClosed);
}

function noteFirstByte(x: Exchange): void {
  x.firstByteMs = worker.nowMs;
  const { meter } = x.server!;
  const us = (worker.nowMs - x.dispatchMs) * 1000;
  observe(meter + SERVER_METER.latencySumUs, meter + SERVER_METER.latencyBuckets, us);
  const poolMeter = x.pool!.meter;
  observe(poolMeter + POOL_METER.latencySumUs, poolMeter + POOL_METER.latencyBuckets, us);
}

/**
 * Takes the heads that are complete in bytes[start … end), interim ones included. Returns where the
 * incomplete rest begins, or -1 when the final head has been taken or the exchange has ended.
 */
function parseHeads(x: Exchange, start: number, end: number): number {
  const limits = x.listener!.answerLimits;
  for (let at = start; at < end;) {
    const result = parseResponseHead(bytes, at, end, limits, x.method, head);
    if (result === 0) return at;
    if (result < 0) {
      failExchange(x, -result);
      return -1;
    }
    if (head.status >= 200 || head.status === 101) {
      takeAnswer(x, at, end);
      return -1;
    }
    if (!passInterim(x, at, result)) return -1;
    at = result;
  }
  return end;
}

/** Passes a 1xx on, in its place; a client of HTTP/1.0 knows none (RFC 9110 §15.2). */
function passInterim(x: Exchange, start: number, end: number): boolean {
  if (++x.interims > INTERIMS_MAX) {
    failExchange(x, REASON.serverBadAnswer);
    return false;
  }
  if (x.minor !== 1) return true;
  const wasClosing = x.closeDownstream;
  // Whether the connection ends is for the final answer to say.
  x.closeDownstream = false;
  x.answerBody = BODY.none;
  let at = start;
  let to = end;
  if (mustWriteAnswer(x, head, start)) {
    at = GATHER_AT;
    to = writeAnswerHead(x, head, start, GATHER_AT);
  }
  x.closeDownstream = wasClosing;
  if (writeTo(x.downstream!, at, to - at) !== FAILED) return true;
  abortExchange(x, REASON.clientClosed);
  return false;
}

/** What an answer says of its server: to passive health, and to an algorithm that goes by time. */
function judgeServer(x: Exchange, status: number): void {
  const server = x.server!;
  if (status >= 502 && status <= 504) noteFailure(server, 'gateway-error');
  else noteSuccess(server);
  if (x.pool!.usesLatency) {
    noteLatency(server.state, (x.firstByteMs - x.dispatchMs) * 1000, worker.nowMs);
  }
}

/** The final head is at bytes[start …); what follows it up to `end` is of the body. */
function takeAnswer(x: Exchange, start: number, end: number): void {
  if (head.status === 101) {
    takeSwitch(x, start, end);
    return;
  }
  judgeServer(x, head.status);
  if (triesAgain(x)) return;
  x.status = head.status;
  x.reason = 0;
  x.answerBody = head.body;
  x.answerLeft = head.body === BODY.length ? head.contentLength : 0;
  x.isAnswerDone = head.body === BODY.none;
  if ((head.flags & HEAD_FLAG.close) !== 0) x.closeUpstream = true;
  const isUndelimited =
    head.body === BODY.untilClose || (head.body === BODY.chunked && x.minor !== 1);
  // A refusal before the body has come: the rest of the body is not wanted any more.
  const isEarly = !x.isRequestDone && head.status >= 300;
  if (isUndelimited || isEarly || worker.isDraining) x.closeDownstream = true;
  const bodyEnd = takeFirstBody(x, head.end, end);
  if (bodyEnd < 0) return;
  // Without its chunks a body begins further on.
  const bodyStart = x.answerFilter === null ? head.end : x.answerFilter.outStart;
  sendFirst(x, start, bodyStart, bodyEnd);
}

/** Whether the answer's status is one that the pool tries again on another server. */
function triesAgain(x: Exchange): boolean {
  const { statuses } = x.pool!.plan.retry;
  if (statuses.length === 0 || !statuses.includes(head.status)) return false;
  if (!isIdempotent(x.method) || !x.isReplayable || !x.isRequestDone) return false;
  if (x.attempts >= x.pool!.plan.retry.attempts || !hasOther(x)) return false;
  const pool = x.pool!;
  if (!x.isRetryCounted && !pool.budget.allow(pool.live, pool.liveRetries)) {
    bump(pool.meter + POOL_METER.retriesDenied);
    return false;
  }
  // The client gets this answer's successor; what this server still sends is thrown away.
  dropUpstream(x);
  x.firstByteMs = -1;
  retryOr(x, REASON.serverBadAnswer);
  return true;
}

/** Whether a server is left that this request has not met. */
function hasOther(x: Exchange): boolean {
  const tried = x.tried.subarray(0, x.triedCount);
  return x.pool!.states.some(
    (state) => state.isUsable && !state.isFull && tried.indexOf(state.index) < 0,
  );
}

/** Takes what came of the body with the head; returns its end as it is sent on, -1: it is broken. */
function takeFirstBody(x: Exchange, start: number, end: number): number {
  if (x.answerBody === BODY.untilClose) return end;
  if (x.answerBody === BODY.none) {
    if (end > start) x.closeUpstream = true;
    return start;
  }
  if (x.answerBody === BODY.length) {
    const taken = Math.min(end - start, x.answerLeft);
    // Bytes after the answer's end: nobody knows what they belong to (RFC 9112 §9.2).
    if (end - start > taken) x.closeUpstream = true;
    x.answerLeft -= taken;
    x.isAnswerDone = x.answerLeft === 0;
    return start + taken;
  }
  const filter = takeFilter();
  x.answerFilter = filter;
  filter.reset(chunkedMode(x));
  filter.filter(bytes, start, end);
  if (filter.error !== 0) {
    failExchange(x, REASON.serverBadAnswer);
    return -1;
  }
  x.isAnswerDone = filter.done;
  if (filter.consumedEnd < end) x.closeUpstream = true;
  return filter.outEnd;
}

/** RFC 9110 §6.5.1: trailers are for a client that has said that it wants them. */
function chunkedMode(x: Exchange): number {
  if (x.minor !== 1) return CHUNKED_MODE.dechunk;
  const wants = (x.flags & HEAD_FLAG.trailers) !== 0;
  return wants ? CHUNKED_MODE.forward : CHUNKED_MODE.forwardWithoutTrailers;
}

/** Sends the head and the first of the body in one piece. */
function sendFirst(x: Exchange, start: number, bodyStart: number, bodyEnd: number): void {
  let at = start;
  if (mustWriteAnswer(x, head, start)) {
    if (answerRoom(x, head, head.end - start) > BLOCK_BYTES_MAX / 2) {
      failExchange(x, REASON.serverAnswerTooLarge);
      return;
    }
    const written = writeAnswerHead(x, head, start, GATHER_AT) - GATHER_AT;
    // The new head goes directly before the body; it may reach into the head room.
    at = bodyStart - written;
    assert(at >= 0, 'the head room holds what an answer head grows by');
    bytes.copyWithin(at, GATHER_AT, GATHER_AT + written);
  }
  x.phase = PHASE.answering;
  x.isAnswerStarted = true;
  const u = x.upstream!;
  if (!deliver(x, at, bodyEnd)) return;
  if (x.isAnswerDone) {
    answerDone(x);
    return;
  }
  arm(u, TIMER.answerBody, x.route!.bodyIdleMs);
  if (u.canRead) relayAnswerBody(x);
}

/**
 * The answer is complete. A server may give it before it has read the whole request: where nothing
 * speaks against it, the rest of the request is still passed on, so that both connections live on.
 */
function answerDone(x: Exchange): void {
  const isOver = x.isRequestDone || x.closeDownstream || x.closeUpstream || x.isUploadDead;
  if (isOver) {
    endExchange(x);
    return;
  }
  settleServer(x);
  settleClient(x);
}

/** Sends bytes[at … end) to the client; false when that has ended the exchange. */
function deliver(x: Exchange, at: number, end: number): boolean {
  const d = x.downstream!;
  // The server is done with it: its place is free before the client can know, and ask again.
  if (x.isAnswerDone && x.isRequestDone) leaveServer(x);
  if (d.tls !== null) d.tls.endsWithWrite = x.isAnswerDone && x.closeDownstream;
  const result = writeTo(d, at, end - at);
  if (result === FAILED) {
    abortExchange(x, REASON.clientClosed);
    return false;
  }
  if (result === BLOCKED) settleClient(x);
  return true;
}

/** Where a piece of the body is received: a filter may put a held line before it. */
const BODY_AT = RECEIVE_AT + CHUNKED_HEADROOM;

/** Passes on what there is of the body, as far as the client takes it. */
export function relayAnswerBody(x: Exchange): void {
  const d = x.downstream!;
  const u = x.upstream!;
  for (let i = 0; i < READS_PER_TURN; i++) {
    if (!u.canRead || d.outLength > 0) return;
    if (x.isAnswerDone) {
      // The answer is over and the request is not: the server closes, or says what nobody asked.
      x.closeUpstream = true;
      endExchange(x);
      return;
    }
    const got = readFrom(u, BODY_AT, RECEIVE_BYTES);
    if (got <= 0) {
      if (got !== -1) bodyEnded(x, got);
      return;
    }
    const end = BODY_AT + got;
    const isChunked = x.answerBody === BODY.chunked;
    const to = isChunked ? filterBody(x, end) : measureBody(x, end);
    if (to < 0) return;
    const at = isChunked ? x.answerFilter!.outStart : BODY_AT;
    if (to > at && !deliver(x, at, to)) return;
    if (x.isAnswerDone) {
      answerDone(x);
      return;
    }
    arm(u, TIMER.answerBody, x.route!.bodyIdleMs);
  }
  worker.later(u);
}

function measureBody(x: Exchange, end: number): number {
  if (x.answerBody === BODY.untilClose) return end;
  const taken = Math.min(end - BODY_AT, x.answerLeft);
  if (BODY_AT + taken < end) x.closeUpstream = true;
  x.answerLeft -= taken;
  if (x.answerLeft === 0) x.isAnswerDone = true;
  return BODY_AT + taken;
}

function filterBody(x: Exchange, end: number): number {
  const filter = x.answerFilter!;
  filter.filter(bytes, BODY_AT, end);
  if (filter.error !== 0) {
    abortExchange(x, REASON.serverBadAnswer);
    return -1;
  }
  x.isAnswerDone = filter.done;
  if (filter.consumedEnd < end) x.closeUpstream = true;
  return filter.outEnd;
}

/** End of file within the body: the end of an answer that has no other, else a cut one. */
function bodyEnded(x: Exchange, got: number): void {
  if (x.answerBody === BODY.untilClose && got === 0) {
    x.isAnswerDone = true;
    x.closeUpstream = true;
    endExchange(x);
    return;
  }
  abortExchange(x, REASON.serverTruncated);
}

/** 101: only what was asked for is switched to (RFC 9110 §7.8). */
function takeSwitch(x: Exchange, start: number, end: number): void {
  const wasAsked = (x.flags & HEAD_FLAG.upgrade) !== 0 && isSent(x, x.upstream!);
  if (!wasAsked || (head.flags & HEAD_FLAG.upgrade) === 0) {
    failExchange(x, REASON.unsolicitedUpgrade);
    return;
  }
  x.status = 101;
  x.reason = 0;
  x.isAnswerStarted = true;
  x.closeUpstream = true;
  const written = writeAnswerHead(x, head, start, GATHER_AT) - GATHER_AT;
  const at = head.end - written;
  bytes.copyWithin(at, GATHER_AT, GATHER_AT + written);
  if (deliver(x, at, end)) beginTunnel(x);
}
