/** Sending a request to its server: what is in the block, then what comes of the body. */
import { REASON } from '../base/reasons.ts';
import { CHUNKED_HEADROOM } from '../codec/http1-chunked.ts';
import { BODY } from '../codec/http1-head.ts';
import { EAGAIN } from '../sys/errno.ts';
import * as libc from '../sys/libc.ts';
import { BASE, RECEIVE_AT, RECEIVE_BYTES, bytes, putRun, sizeOfBlock } from './buffers.ts';
import {
  BLOCKED,
  FAILED,
  WRITTEN,
  dropOutput,
  readFrom,
  saveInput,
  writeTo,
} from './connection.ts';
import type { Downstream } from './downstream.ts';
import type { Exchange } from './exchange.ts';
import { abortExchange, endExchange } from './exchange-end.ts';
import { isTakingBody, settleClient, settleServer } from './exchange-timers.ts';
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
    if (u.tls !== null) {
      if (!sendEncrypted(x, u, at, left)) return;
    } else {
      const sent = libc.send(u.fd, BASE + at, left, MSG_NOSIGNAL);
      if (sent !== left) {
        sentInPart(x, u, sent);
        return;
      }
      u.bytesOut += sent;
      x.requestSent = x.requestLength;
    }
  }
  settleServer(x);
  if (x.isRequestDone) return;
  settleClient(x);
  relayRequestBody(x);
}

/** What is encrypted is sent, or waits, as a whole. */
function sendEncrypted(x: Exchange, u: Upstream, at: number, length: number): boolean {
  if (writeTo(u, at, length) === FAILED) {
    uploadFailed(x, u);
    return false;
  }
  x.requestSent = x.requestLength;
  return true;
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
  // What the server takes is progress: its limit begins anew.
  u.kind = TIMER.none;
  settleServer(x);
  settleClient(x);
}

/** The server takes no more: what it said before it broke off decides what that means. */
export function uploadFailed(x: Exchange, u: Upstream): void {
  x.isUploadDead = true;
  x.closeUpstream = true;
  dropOutput(u);
  u.canRead = true;
  u.isHangup = true;
  settleServer(x);
  settleClient(x);
  readAnswer(x, u);
}

/** Passes on what there is of the body, as far as the server takes it. */
export function relayRequestBody(x: Exchange): void {
  const d = x.downstream!;
  for (let i = 0; i < READS_PER_TURN; i++) {
    if (!d.canRead || !isTakingBody(x)) return;
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
  const result = length === 0 ? WRITTEN : writeTo(u, start, length);
  if (result === FAILED) {
    uploadFailed(x, u);
    return STOP;
  }
  if (x.isRequestDone && x.isAnswerDone && result === WRITTEN) {
    endExchange(x);
    return STOP;
  }
  settleServer(x);
  const verdict = progressed(x, d);
  return result === BLOCKED || x.isRequestDone ? STOP : verdict;
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
  const isSlow = elapsedMs > bodyIdleMs && x.bodyBytes * 1000 < elapsedMs * bodyMinRate;
  if (isSlow && !x.isRequestDone) {
    failExchange(x, REASON.bodyTooSlow);
    return STOP;
  }
  if (d.kind === TIMER.body) d.kind = TIMER.none;
  settleClient(x);
  return GO_ON;
}

/** The server takes data again. */
export function uploadUnblocked(x: Exchange): void {
  if (x.requestSent < x.requestLength) {
    sendRequest(x);
    return;
  }
  if (x.isRequestDone && x.isAnswerDone) {
    endExchange(x);
    return;
  }
  settleServer(x);
  settleClient(x);
  if (!x.isRequestDone) relayRequestBody(x);
}
