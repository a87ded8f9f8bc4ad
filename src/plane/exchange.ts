/**
 * One request and its answer.
 *
 *   head ─► route ─► [queued] ─► [connecting] ─► waiting ─► answering ─► done
 *                        ▲             │             │                    ▲
 *                        └──── retry ──┴─────────────┘      tunnel ───────┘
 *
 * Exchanges are used again: a worker keeps a few free ones, so that a request allocates none.
 */
import { bytesTaken } from './connection.ts';
import { REASONS } from '../base/reasons.ts';
import { ChunkedFilter } from '../codec/http1-chunked.ts';
import { LISTENER_METER } from '../base/meters.ts';
import { giveBlock } from './buffers.ts';
import { bump } from './meter-segment.ts';
import type { Downstream } from './downstream.ts';
import { attach } from './dispatch.ts';
import { abortExchange } from './exchange-end.ts';
import { settleClient } from './exchange-timers.ts';
import { failExchange } from './own-answer.ts';
import { Placement, clearPlacement } from './placement.ts';
import type { ListenerRuntime, RouteRuntime } from './runtime.ts';
import type { Upstream } from './upstream.ts';
import { worker } from './worker-state.ts';

export const PHASE = {
  /** No server is chosen yet: the head is being worked on, or it answers by itself. */
  started: 0,
  queued: 1,
  connecting: 2,
  /** The request is being sent, and the answer is awaited. */
  waiting: 3,
  answering: 4,
  tunnel: 5,
} as const;

const FREE_EXCHANGES_MAX = 256;

export class Exchange extends Placement {
  phase = 0;
  downstream: Downstream | null = null;
  listener: ListenerRuntime | null = null;
  route: RouteRuntime | null = null;
  /** Index of the route in its listener, and its first meter; with `route` only. */
  routeIndex = 0;
  routeMeter = 0;
  upstream: Upstream | null = null;

  /** METHOD value, minor version and HEAD_FLAG bits of the request. */
  method = 0;
  minor = 1;
  flags = 0;
  /** Max-Forwards of an OPTIONS request (RFC 9110 §7.6.2); -1 where it has none. */
  maxForwards = -1;
  /** BODY value; bytes left where it is `length`. */
  requestBody = 0;
  requestLeft = 0;
  isRequestDone = false;
  requestFilter: ChunkedFilter | null = null;
  /** The head as sent to the server and what of the body is kept with it. */
  block = -1;
  requestStart = 0;
  requestLength = 0;
  /** Bytes of the block sent on the present upstream connection. */
  requestSent = 0;
  /** Whether the block holds all of the request that any server was sent. */
  isReplayable = true;
  bodyBytes = 0;
  bodyStartMs = 0;
  /** Since when we have not been reading the body; -1 while we are. */
  pausedMs = -1;
  /** The server's connection takes nothing any more: only its answer is still read. */
  isUploadDead = false;

  status = 0;
  answerBody = 0;
  answerLeft = 0;
  isAnswerDone = false;
  answerFilter: ChunkedFilter | null = null;
  /** Whether the client was sent any byte of a final answer. */
  isAnswerStarted = false;
  interims = 0;
  closeDownstream = false;
  closeUpstream = false;

  /** For the log: offsets into the block (or -1), and the words. */
  methodAt = -1;
  methodEnd = -1;
  hostAt = -1;
  hostEnd = -1;
  pathAt = -1;
  pathEnd = -1;
  /** A stale connection was met: the next try makes a new one. */
  mustConnect = false;
  requestId = '';
  /** It came as early data of TLS, and may be a copy of another one (RFC 8470). */
  isEarly = false;
  startMs = 0;
  /** -1 until it happened. */
  firstByteMs = -1;
  /** What the client had been sent before this exchange. */
  bytesOutBefore = 0;

  get client(): Downstream {
    return this.downstream!;
  }

  /** A client that has finished sending may be gone: only work under way is finished for it. */
  get isAbandoned(): boolean {
    return this.downstream!.isHangup;
  }

  queued(): void {
    this.phase = PHASE.queued;
  }

  admitted(index: number): void {
    settleClient(this);
    attach(this, this.pool!, index);
  }

  refused(reason: number): void {
    if (REASONS[reason]!.status === 0) abortExchange(this, reason);
    else failExchange(this, reason);
  }
}

const freeExchanges: Exchange[] = [];

/** Starts an exchange on a client connection. */
export function takeExchange(downstream: Downstream): Exchange {
  const x = freeExchanges.pop() ?? new Exchange();
  x.phase = PHASE.started;
  x.downstream = downstream;
  x.listener = downstream.acceptor.listener;
  x.startMs = worker.nowMs;
  x.bytesOutBefore = bytesTaken(downstream);
  downstream.exchange = x;
  bump(x.listener.meter + LISTENER_METER.requestsLive);
  return x;
}

const freeFilters: ChunkedFilter[] = [];

/** A chunked filter ready for a new body. */
export function takeFilter(): ChunkedFilter {
  return freeFilters.pop() ?? new ChunkedFilter();
}

function giveFilter(filter: ChunkedFilter | null): void {
  if (filter !== null && freeFilters.length < FREE_EXCHANGES_MAX) freeFilters.push(filter);
}

/** Gives an exchange back with all that it holds. Every field is set to its first value. */
export function giveExchange(x: Exchange): void {
  if (x.block >= 0) giveBlock(x.block);
  giveFilter(x.requestFilter);
  giveFilter(x.answerFilter);
  if (freeExchanges.length >= FREE_EXCHANGES_MAX) return;
  clearLinks(x);
  clearRequest(x);
  clearAnswer(x);
  clearRecord(x);
  freeExchanges.push(x);
}

function clearLinks(x: Exchange): void {
  clearPlacement(x);
  x.downstream = null;
  x.listener = null;
  x.route = null;
  x.upstream = null;
}

function clearRequest(x: Exchange): void {
  x.method = 0;
  x.minor = 1;
  x.flags = 0;
  x.maxForwards = -1;
  x.requestBody = 0;
  x.requestLeft = 0;
  x.isRequestDone = false;
  x.requestFilter = null;
  x.block = -1;
  x.requestStart = 0;
  x.requestLength = 0;
  x.requestSent = 0;
  x.isReplayable = true;
  x.bodyBytes = 0;
  x.bodyStartMs = 0;
  x.pausedMs = -1;
  x.isUploadDead = false;
}

function clearAnswer(x: Exchange): void {
  x.status = 0;
  x.answerBody = 0;
  x.answerLeft = 0;
  x.isAnswerDone = false;
  x.answerFilter = null;
  x.isAnswerStarted = false;
  x.interims = 0;
  x.closeDownstream = false;
  x.closeUpstream = false;
}

function clearRecord(x: Exchange): void {
  x.methodAt = -1;
  x.methodEnd = -1;
  x.hostAt = -1;
  x.hostEnd = -1;
  x.pathAt = -1;
  x.pathEnd = -1;
  x.mustConnect = false;
  x.requestId = '';
  x.isEarly = false;
  x.firstByteMs = -1;
}
