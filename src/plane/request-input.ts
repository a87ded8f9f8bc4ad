/** Reading requests from a client's connection, one at a time and in their order. */
import { REASON } from '../base/reasons.ts';
import { RequestHead } from '../codec/http1-head.ts';
import { parseRequestHead } from '../codec/http1-request.ts';
import { RECEIVE_AT, RECEIVE_BYTES, bytes } from './buffers.ts';
import { arm, readFrom, restoreInput, saveInput } from './connection.ts';
import type { Downstream } from './downstream.ts';
import { closeDownstream } from './downstream.ts';
import { beginExchange } from './exchange-begin.ts';
import { takeExchange } from './exchange.ts';
import { resetDownstream } from './downstream-end.ts';
import { PIPELINED_PER_TURN } from './limits.ts';
import { countReason } from './meter-segment.ts';
import { takeProxyHeader } from './proxy-input.ts';
import { answerOwn } from './own-answer.ts';
import { TIMER } from './timers.ts';
import { readHandshake } from './tls/http-handshake.ts';
import type { DownstreamTls } from './tls/downstream-tls.ts';
import { TLS_STAGE } from './tls/tls-stream.ts';
import { worker } from './worker-state.ts';

const head = new RequestHead();
const LINE_FEED = 10;

/** Goes on with a connection that has no exchange: called when there is, or may be, input. */
export function readRequests(d: Downstream): void {
  if (d.tls !== null && d.tls.stage !== TLS_STAGE.open) {
    readHandshake(d, d.tls as DownstreamTls);
    return;
  }
  for (let i = 0; i < PIPELINED_PER_TURN; i++) {
    // The next request waits until the client has taken the answer before.
    if (d.isClosed || d.exchange !== null || d.isLingering || d.outLength > 0) return;
    if (!d.isInputUnparsed && !d.canRead) return;
    if (!readRequest(d)) return;
  }
  if (!d.isClosed && d.exchange === null && (d.isInputUnparsed || d.canRead)) worker.later(d);
}

/** Takes one step; false when there is nothing more to do now. */
function readRequest(d: Downstream): boolean {
  const saved = restoreInput(d, RECEIVE_AT);
  let end = RECEIVE_AT + saved;
  if (d.isInputUnparsed) {
    d.isInputUnparsed = false;
    return parse(d, end);
  }
  const got = readFrom(d, end, RECEIVE_BYTES);
  if (got <= 0) {
    if (got === -1) return saved === 0 || wait(d, end);
    closeDownstream(d);
    return false;
  }
  end += got;
  if (d.awaitsProxyHeader) {
    const header = takeHeader(d, end);
    if (header <= 0) return header === 0 && wait(d, end);
    end -= header;
    if (end === RECEIVE_AT) return d.canRead;
    return parse(d, end);
  }
  // A head that comes in pieces is parsed again for each line, not for each piece.
  const { headBytes } = d.acceptor.listener.policy;
  const from = RECEIVE_AT + saved;
  if (
    saved > 0 &&
    end - RECEIVE_AT < headBytes &&
    bytes.subarray(from, end).indexOf(LINE_FEED) < 0
  ) {
    return wait(d, end);
  }
  return parse(d, end);
}

/** Takes the PROXY header off what was received; 0: more is to come, below 0: it is refused. */
function takeHeader(d: Downstream, end: number): number {
  const length = takeProxyHeader(d, RECEIVE_AT, end - RECEIVE_AT);
  if (length > 0) {
    d.awaitsProxyHeader = false;
    bytes.copyWithin(RECEIVE_AT, RECEIVE_AT + length, end);
  } else if (length < 0) {
    countReason(REASON.badProxyHeader);
    resetDownstream(d);
  }
  return length;
}

function parse(d: Downstream, end: number): boolean {
  const result = parseRequestHead(bytes, RECEIVE_AT, end, d.acceptor.listener.policy, head);
  if (result > 0) {
    beginExchange(d, head, end);
    return true;
  }
  if (result === 0) return wait(d, end);
  const x = takeExchange(d);
  x.closeDownstream = true;
  answerOwn(x, -result);
  return false;
}

/** Keeps what has come of a head. */
function wait(d: Downstream, end: number): boolean {
  if (!saveInput(d, RECEIVE_AT, end - RECEIVE_AT)) {
    const x = takeExchange(d);
    x.closeDownstream = true;
    answerOwn(x, REASON.bufferMemory);
    return false;
  }
  // From the first byte of the head on; what follows does not prolong it.
  if (d.kind !== TIMER.head) arm(d, TIMER.head, d.acceptor.listener.plan.timeouts.headMs);
  return d.canRead;
}

/** The first request is often there when its connection is accepted. */
export function readAccepted(d: Downstream): void {
  d.canRead = true;
  readRequests(d);
}
