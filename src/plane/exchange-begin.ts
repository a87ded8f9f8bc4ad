/** From a parsed head to a server, or to an answer that a route gives by itself. */
import { assert } from '../base/errors.ts';
import { LISTENER_METER, POOL_METER } from '../base/meters.ts';
import { REASON } from '../base/reasons.ts';
import { CHUNKED_MODE } from '../codec/http1-chunked.ts';
import { BODY, FIELD, HEAD_FLAG, METHOD } from '../codec/http1-head.ts';
import type { RequestHead } from '../codec/http1-head.ts';
import { BLOCK_BYTES_MAX, bytes, putRun, takeBlock } from './buffers.ts';
import { saveInput } from './connection.ts';
import { dispatch } from './dispatch.ts';
import type { Downstream } from './downstream.ts';
import type { Exchange } from './exchange.ts';
import { takeExchange, takeFilter } from './exchange.ts';
import { injectFault, injectsFaults } from './fault-injection.ts';
import { hasField, isLooping, maxForwards, ownRequestId } from './forwarding-writer.ts';
import { requestKey } from './hash-key.ts';
import { httpChallengeAnswer } from './http-challenges.ts';
import { bump } from './meter-segment.ts';
import { answerChallenge, answerLastStop, answerOwn, answerRoute } from './own-answer.ts';
import { keepForLog, requestRoom, writeRequestHead } from './request-writer.ts';
import type { ListenerRuntime, PoolRuntime, RouteRuntime } from './runtime.ts';
import { newRequestId } from './request-id.ts';
import { TIMER } from './timers.ts';
import type { DownstreamTls } from './tls/downstream-tls.ts';
import { worker } from './worker-state.ts';

/** Starts the exchange of a request whose head is in the receive region; input ends at `end`. */
export function beginExchange(d: Downstream, head: RequestHead, end: number): void {
  const x = takeExchange(d);
  const listener = x.listener!;
  d.requests++;
  d.kind = TIMER.none;
  d.settleTrust(listener);
  bump(listener.meter + LISTENER_METER.requests);
  takeRequest(x, head);
  if (injectsFaults) injectFault(head);
  if (x.maxForwards === 0) {
    keepWords(x, head);
    keepRest(x, head.end, end);
    answerLastStop(x);
    return;
  }
  const challenge = httpChallengeAnswer(bytes, head);
  if (challenge !== null) {
    keepWords(x, head);
    keepRest(x, head.end, end);
    answerChallenge(x, challenge);
    return;
  }
  const route = listener.table.find(bytes, head);
  const reason = refusal(x, route, head);
  if (reason !== 0) {
    keepWords(x, head);
    keepRest(x, head.end, end);
    answerOwn(x, reason);
    return;
  }
  x.route = listener.routes[route]!;
  x.routeIndex = route;
  x.routeMeter = listener.routeMeters[route]!;
  settleRequestId(x, head);
  if (x.route.onlyPool === null && x.route.pools.length === 0) {
    keepWords(x, head);
    keepRest(x, head.end, end);
    answerRoute(x, head);
    return;
  }
  forward(x, x.route, head, end);
}

function takeRequest(x: Exchange, head: RequestHead): void {
  const d = x.downstream!;
  x.method = head.method;
  x.minor = head.minor;
  x.isEarly = d.tls !== null && d.tls.isEarly;
  x.flags = head.flags;
  // A handshake without its key is none (RFC 6455 §4.1): it is passed on as a plain request.
  const isKeyless =
    (head.flags & HEAD_FLAG.webSocket) !== 0 && !hasField(head, FIELD.secWebSocketKey);
  if (isKeyless) x.flags &= ~HEAD_FLAG.upgrade;
  if (head.method === METHOD.options) x.maxForwards = maxForwards(head);
  x.requestBody = head.body;
  x.requestLeft = head.body === BODY.length ? head.contentLength : 0;
  x.isRequestDone = head.body === BODY.none || head.contentLength === 0;
  const { plan, isRemoved } = x.listener!;
  const wantsClose =
    head.minor === 1
      ? (head.flags & HEAD_FLAG.close) !== 0
      : (head.flags & HEAD_FLAG.keepAlive) === 0;
  const isLast = plan.maxRequests > 0 && d.requests >= plan.maxRequests;
  const isOutdated = isRemoved || hasOtherTls(d, x.listener!);
  x.closeDownstream = wantsClose || isLast || isOutdated || worker.isDraining;
}

/**
 * Whether a reload has changed whom the listener speaks to: from or to TLS, or in what it asks of
 * clients. Then the connection, which was made under the rules before, ends with this request.
 */
function hasOtherTls(d: Downstream, listener: ListenerRuntime): boolean {
  const { termination } = listener;
  if (d.tls === null || termination === null) return (d.tls === null) !== (termination === null);
  return (d.tls as DownstreamTls).termination.authKey !== termination.authKey;
}

/** RFC 9110 §9.2.1. */
function isSafe(method: number): boolean {
  return method === METHOD.get || method === METHOD.head || method === METHOD.options;
}

/** Why the request is refused before any server is asked; 0 when it is not. */
function refusal(x: Exchange, route: number, head: RequestHead): number {
  const { maxBodyBytes } = x.listener!.plan;
  if (x.isEarly && !isSafe(x.method)) return REASON.tooEarly;
  if (maxBodyBytes > 0 && head.contentLength > maxBodyBytes) return REASON.bodyTooLarge;
  if (x.listener!.viaText !== null && isLooping(head, x.listener!.plan.forwarded.via)) {
    return REASON.loopDetected;
  }
  return route < 0 ? REASON.noRoute : 0;
}

/** The log wants the words of the request also where no server gets it. */
function keepWords(x: Exchange, head: RequestHead): void {
  x.block = takeBlock(head.end - head.methodStart);
  if (x.block >= 0) keepForLog(x, head, x.block);
}

/** Keeps a pipelined request that came with this one; a body that nobody wants is not kept. */
function keepRest(x: Exchange, from: number, end: number): void {
  if (!x.isRequestDone) {
    x.closeDownstream = true;
    return;
  }
  if (from < end) keepPipelined(x.downstream!, from, end);
}

function keepPipelined(d: Downstream, from: number, end: number): void {
  if (d.isClosed) return;
  d.isInputUnparsed = true;
  // Without memory for it the connection ends after the answer, as if it had not been read.
  if (!saveInput(d, from, end - from) && d.exchange !== null) d.exchange.closeDownstream = true;
}

function settleRequestId(x: Exchange, head: RequestHead): void {
  const mode = x.listener!.plan.forwarded.requestId;
  if (mode === 'off') return;
  const own = mode === 'pass' && x.downstream!.isTrusted ? ownRequestId(head) : '';
  x.requestId = own === '' ? newRequestId() : own;
}

function forward(x: Exchange, route: RouteRuntime, head: RequestHead, end: number): void {
  const pool = route.onlyPool ?? route.pools[route.split!.pick()]!;
  x.pool = pool;
  bump(pool.meter + POOL_METER.requests);
  pool.countLive(1);
  if (pool.hashes) settleKey(x, pool, head);
  const room = requestRoom(x, head);
  const size = room + (x.isRequestDone ? 0 : end - head.end);
  x.block = takeBlock(size);
  if (x.block < 0) {
    keepRest(x, head.end, end);
    answerOwn(x, size > BLOCK_BYTES_MAX ? REASON.headTooLarge : REASON.bufferMemory);
    return;
  }
  const start = x.block;
  const written = writeRequestHead(x, head, start);
  assert(written - start <= room, 'the room for a head holds what is written of it');
  x.requestLength = written - start - x.requestStart;
  if (x.isRequestDone) {
    if (head.end < end) keepPipelined(x.downstream!, head.end, end);
  } else if (!takeBody(x, head.end, end)) {
    return;
  }
  dispatch(x);
}

function settleKey(x: Exchange, pool: PoolRuntime, head: RequestHead): void {
  const { clientText, clientPort } = x.downstream!;
  x.hashKey = requestKey(pool.plan.balance.hash!, head, clientText, clientPort);
}

/** Takes what came of the body with the head into the block; false when it is refused. */
function takeBody(x: Exchange, from: number, end: number): boolean {
  const d = x.downstream!;
  x.bodyStartMs = worker.nowMs;
  // Nothing more is read until a server takes it.
  x.pausedMs = worker.nowMs;
  let start = from;
  let bodyEnd = end;
  if (x.requestBody === BODY.length) {
    bodyEnd = Math.min(end, from + x.requestLeft);
    x.requestLeft -= bodyEnd - from;
    x.bodyBytes = bodyEnd - from;
    x.isRequestDone = x.requestLeft === 0;
    if (bodyEnd < end) keepPipelined(d, bodyEnd, end);
  } else {
    const filter = takeFilter();
    x.requestFilter = filter;
    filter.reset(CHUNKED_MODE.forward);
    if (from < end) {
      filter.filter(bytes, from, end);
      if (filter.error !== 0) {
        answerOwn(x, filter.error);
        return false;
      }
      if (filter.consumedEnd < end) keepPipelined(d, filter.consumedEnd, end);
      start = filter.outStart;
      bodyEnd = filter.outEnd;
      x.bodyBytes = filter.payloadBytes;
      x.isRequestDone = filter.done;
      const { maxBodyBytes } = x.listener!.plan;
      if (maxBodyBytes > 0 && x.bodyBytes > maxBodyBytes) {
        answerOwn(x, REASON.bodyTooLarge);
        return false;
      }
    } else bodyEnd = from;
  }
  putRun(x.block + x.requestStart + x.requestLength, start, bodyEnd);
  x.requestLength += bodyEnd - start;
  return true;
}
