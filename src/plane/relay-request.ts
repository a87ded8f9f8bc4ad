/** Sending a request to its server: what is in the block, then what comes of the body. */
import { REASON } from '../base/reasons.ts';
import { CHUNKED_HEADROOM } from '../codec/http1-chunked.ts';
import { BODY } from '../codec/http1-head.ts';
import { EAGAIN } from '../sys/errno.ts';
import * as libc from '../sys/libc.ts';
import { BASE, RECEIVE_AT, RECEIVE_BYTES, bytes, putRun, sizeOfBlock } from './buffers.ts';
import { BLOCKED, FAILED, arm, readFrom, saveInput, writeTo } from './connection.ts';
import { serverGone } from './dispatch.ts';
import type { Downstream } from './downstream.ts';
import type { Exchange } from './exchange.ts';
import { PHASE } from './exchange.ts';
import { abortExchange, endExchange } from './exchange-end.ts';
import { READS_PER_TURN } from './limits.ts';
import { failExchange } from './own-answer.ts';
import { readAnswer } from './relay-answer.ts';
import { TIMER } from './timers.ts';
import type { Upstream } from './upstream.ts';
import { worker } from './worker-state.ts';

const MSG_NOSIGNAL = 0x4000;
/** Where a piece of the body is received: a filter may put a held line before it. */
const BODY_AT = RECEIVE_AT + CHUNKED_HEADROOM;

/** Sends what the block holds, then goes on with the body. */
export function sendRequest(x: Exchange): void {
  const u = x.upstream!;
  const left = x.requestLength - x.requestSent;
  if (left > 0) {
    const at = x.block + x.requestStart + x.requestSent;
    const sent = libc.send(u.fd, BASE + at, left, MSG_NOSIGNAL);
    if (sent !== left) {
      sentInPart(x, u, sent);
      return;
    }
    u.bytesOut += sent;
    x.requestSent = x.requestLength;
  }
  if (x.isRequestDone) requestSent(x, u);
  else relayRequestBody(x);
}

function sentInPart(x: Exchange, u: Upstream, sent: number): void {
  if (sent < 0 && libc.errno() !== EAGAIN) {
    uploadFailed(x, u);
    return;
  }
  if (sent > 0) {
    u.bytesOut += sent;
    x.requestSent += sent;
  }
  u.canWrite = false;
  arm(u, TIMER.upstreamWrite, x.listener!.plan.timeouts.writeMs);
}

/** All of the request has gone out: now its answer is awaited. */
function requestSent(x: Exchange, u: Upstream): void {
  if (x.phase === PHASE.waiting) arm(u, TIMER.firstByte, x.route!.plan.timeouts.firstByteMs);
}

/** The server takes no more: it may have answered early, or it is gone. */
function uploadFailed(x: Exchange, u: Upstream): void {
  x.isUploadDead = true;
  x.closeUpstream = true;
  u.canRead = true;
  u.isHangup = true;
  if (x.phase === PHASE.waiting) readAnswer(x, u);
}

/** Passes on what there is of the body, as far as the server takes it. */
export function relayRequestBody(x: Exchange): void {
  const d = x.downstream!;
  const u = x.upstream;
  if (u === null || x.isUploadDead) return;
  for (let i = 0; i < READS_PER_TURN; i++) {
    if (!d.canRead || u.outLength > 0 || x.requestSent < x.requestLength) return;
    const isLength = x.requestBody === BODY.length;
    const size = isLength && x.requestLeft < RECEIVE_BYTES ? x.requestLeft : RECEIVE_BYTES;
    const got = readFrom(d, BODY_AT, size);
    if (got <= 0) {
      if (got !== -1) abortExchange(x, REASON.clientClosed);
      return;
    }
    const verdict = isLength ? passLength(x, d, got) : passChunked(x, d, got);
    if (verdict !== GO_ON) return;
  }
  worker.later(d);
}

const GO_ON = 0;
const STOP = 1;

function passLength(x: Exchange, d: Downstream, got: number): number {
  x.requestLeft -= got;
  x.bodyBytes += got;
  if (x.requestLeft === 0) x.isRequestDone = true;
  return pass(x, d, BODY_AT, BODY_AT + got);
}

function passChunked(x: Exchange, d: Downstream, got: number): number {
  const filter = x.requestFilter!;
  const end = BODY_AT + got;
  filter.filter(bytes, BODY_AT, end);
  const { maxBodyBytes } = x.listener!.plan;
  const isTooLarge = maxBodyBytes > 0 && filter.payloadBytes > maxBodyBytes;
  if (filter.error !== 0 || isTooLarge) {
    failExchange(x, isTooLarge ? REASON.bodyTooLarge : filter.error);
    return STOP;
  }
  x.bodyBytes = filter.payloadBytes;
  x.isRequestDone = filter.done;
  const { outStart, outEnd, consumedEnd } = filter;
  if (filter.done && consumedEnd < end) {
    d.isInputUnparsed = true;
    if (!saveInput(d, consumedEnd, end - consumedEnd)) x.closeDownstream = true;
  }
  return outEnd > outStart || x.isRequestDone ? pass(x, d, outStart, outEnd) : progressed(x, d);
}

/** Sends bytes[start … end) on, and keeps them where the request may have to be sent again. */
function pass(x: Exchange, d: Downstream, start: number, end: number): number {
  const u = x.upstream!;
  const length = end - start;
  keepForRetry(x, start, end);
  const result = length === 0 ? 0 : writeTo(u, start, length);
  if (result === FAILED) {
    uploadFailed(x, u);
    return STOP;
  }
  if (result === BLOCKED) {
    x.blockedMs = worker.nowMs;
    arm(u, TIMER.upstreamWrite, x.listener!.plan.timeouts.writeMs);
  }
  if (x.isRequestDone) {
    d.kind = TIMER.none;
    if (x.isAnswerDone) endExchange(x);
    else if (result !== BLOCKED) requestSent(x, u);
    return STOP;
  }
  const verdict = progressed(x, d);
  return result === BLOCKED ? STOP : verdict;
}

function keepForRetry(x: Exchange, start: number, end: number): void {
  if (!x.isReplayable) return;
  const used = x.requestStart + x.requestLength;
  const length = end - start;
  const isKept =
    x.requestLength + length <= x.pool!.plan.retry.bufferBytes &&
    used + length <= sizeOfBlock(x.block);
  if (!isKept) {
    x.isReplayable = false;
    return;
  }
  putRun(x.block + used, start, end);
  x.requestLength += length;
  x.requestSent += length;
}

/** The body came on: its idle limit begins anew, its rate is looked at. */
function progressed(x: Exchange, d: Downstream): number {
  const { bodyIdleMs, bodyMinRate } = x.listener!.plan.timeouts;
  const elapsedMs = worker.nowMs - x.bodyStartMs;
  if (bodyMinRate > 0 && elapsedMs > bodyIdleMs && x.bodyBytes * 1000 < elapsedMs * bodyMinRate) {
    failExchange(x, REASON.bodyTooSlow);
    return STOP;
  }
  arm(d, TIMER.body, bodyIdleMs);
  return GO_ON;
}

/** The server takes data again: the time that it did not is not the client's. */
export function uploadUnblocked(x: Exchange): void {
  if (x.blockedMs >= 0) x.bodyStartMs += worker.nowMs - x.blockedMs;
  x.blockedMs = -1;
  if (x.requestSent < x.requestLength) {
    sendRequest(x);
    return;
  }
  if (x.isRequestDone) {
    requestSent(x, x.upstream!);
    return;
  }
  x.upstream!.kind = TIMER.none;
  arm(x.downstream!, TIMER.body, x.listener!.plan.timeouts.bodyIdleMs);
  relayRequestBody(x);
}

/** For a server that neither answers nor takes: what the connection's end means. */
export function uploadLost(x: Exchange, reason: number): void {
  if (x.phase === PHASE.waiting) serverGone(x, reason);
  else abortExchange(x, reason);
}
