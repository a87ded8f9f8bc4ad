/** A client of HTTPS arrives: from its first byte to its first request, or to the end. */
import { LISTENER_METER } from '../../base/meters.ts';
import { REASON } from '../../base/reasons.ts';
import { PROXY_V2_BYTES_MAX } from '../../codec/proxy-header.ts';
import {
  CLIENT_HELLO_BYTES_MAX,
  ClientHello,
  HELLO_DONE,
  HELLO_FAULT,
  HELLO_MORE,
  readClientHello,
} from '../../codec/tls-client-hello.ts';
import { EAGAIN } from '../../sys/errno.ts';
import * as libc from '../../sys/libc.ts';
import { BASE, bytes, putText } from '../buffers.ts';
import { arm, restoreInput, saveInput, sendOrKeep } from '../connection.ts';
import { closeSoftly, resetDownstream } from '../downstream-end.ts';
import { closeDownstream } from '../downstream.ts';
import type { Downstream } from '../downstream.ts';
import { bump, countReason } from '../meter-segment.ts';
import { takeProxyHeader } from '../proxy-input.ts';
import { readRequests } from '../request-input.ts';
import { TIMER } from '../timers.ts';
import { worker } from '../worker-state.ts';
import { enterHandshake, leaveHandshake } from './handshake-queue.ts';
import { logHandshake } from './handshake-log.ts';
import { evictHandshake } from './handshake-turns.ts';
import { allowHandshake } from './handshake-rate.ts';
import { ALERT, sendAlert } from './plain-alert.ts';
import { GOES_ON, OPEN, prepareHandshake, runHandshake } from './downstream-handshake.ts';
import { DownstreamTls } from './downstream-tls.ts';
import type { Termination } from './termination.ts';
import { CIPHER_AT, endTls } from './tls-io.ts';
import { TLS_STAGE } from './tls-stream.ts';

const FIRST_BYTES_MAX = PROXY_V2_BYTES_MAX + CLIENT_HELLO_BYTES_MAX;

const hello = new ClientHello();
hello.needsTicket = true;

/** Lets a connection that was just accepted speak TLS. */
export function beginTls(d: Downstream, termination: Termination): void {
  const t = new DownstreamTls(termination, d.meter);
  d.tls = t;
  arm(d, TIMER.handshake, termination.plan.handshakeMs);
  const oldest = enterHandshake(d, t);
  if (oldest !== null) evictHandshake(oldest);
  worker.current = d;
}

/** Goes on with a handshake: called when there is, or may be, input. */
export function readHandshake(d: Downstream, t: DownstreamTls): void {
  if (t.stage === TLS_STAGE.hello && !readHello(d, t)) return;
  if (t.stage !== TLS_STAGE.handshake) return;
  const result = runHandshake(d, t);
  if (result === OPEN) opened(d);
  else if (result !== GOES_ON) failHandshake(d, -result);
}

function opened(d: Downstream): void {
  arm(d, TIMER.head, d.acceptor.listener.plan.timeouts.headMs);
  // Early data is there already.
  if (d.inLength > 0) d.isInputUnparsed = true;
  if (d.canRead || d.isInputUnparsed) readRequests(d);
}

/** Reads until the ClientHello is whole; false where it is not, or where nothing comes of it. */
function readHello(d: Downstream, t: DownstreamTls): boolean {
  while (d.canRead) {
    const saved = restoreInput(d, CIPHER_AT);
    const wanted = FIRST_BYTES_MAX - saved;
    const got = libc.recv(d.fd, BASE + CIPHER_AT + saved, wanted, 0);
    if (got === 0 && saved === 0) {
      // Somebody who looks whether the port is open.
      closeDownstream(d);
      return false;
    }
    if (got === 0 || (got < 0 && libc.errno() !== EAGAIN)) {
      failHandshake(d, got === 0 ? REASON.clientClosed : REASON.clientReset);
      return false;
    }
    if (got < wanted && !d.isHangup) d.canRead = false;
    const length = saved + Math.max(got, 0);
    const isWhole = takeHello(d, t, length);
    if (isWhole || d.isClosed || d.tls === null) return isWhole;
  }
  return false;
}

/** Looks at the first `length` bytes; true once the ClientHello is whole and is answered. */
function takeHello(d: Downstream, t: DownstreamTls, length: number): boolean {
  let from = 0;
  if (d.awaitsProxyHeader) {
    from = takeProxyHeader(d, CIPHER_AT, length);
    if (from === 0) return keep(d, 0, length) && false;
    if (from < 0) {
      countReason(REASON.badProxyHeader);
      resetDownstream(d);
      return false;
    }
    d.awaitsProxyHeader = false;
  }
  const result = readClientHello(bytes, CIPHER_AT + from, length - from, hello);
  if (result === HELLO_MORE) return keep(d, from, length) && false;
  if (result !== HELLO_DONE) {
    refuse(d, -result, CIPHER_AT + from);
    return false;
  }
  // A reload may have come since the accept.
  const { termination } = d.acceptor.listener;
  if (termination === null) {
    endHandshake(d, REASON.listenerRemoved);
    return false;
  }
  t.termination = termination;
  const { rate } = termination.plan;
  if (rate !== null && !allowHandshake(d.clientText, rate)) {
    endHandshake(d, REASON.tlsRate);
    return false;
  }
  if (!keep(d, from, length)) return false;
  const prepared = prepareHandshake(d, t, hello);
  if (prepared !== GOES_ON) failHandshake(d, -prepared);
  return prepared === GOES_ON;
}

function keep(d: Downstream, from: number, length: number): boolean {
  if (length === from || saveInput(d, CIPHER_AT + from, length - from)) return true;
  endHandshake(d, REASON.bufferMemory);
  return false;
}

/** What begins like a request of HTTP is told that it lacks TLS; anything else gets an alert. */
function refuse(d: Downstream, fault: number, at: number): void {
  const isRequest = fault === HELLO_FAULT.notTls && bytes[at]! >= 0x41 && bytes[at]! <= 0x5a;
  if (!isRequest) {
    if (fault !== HELLO_FAULT.notTls) sendAlert(d, ALERT.decodeError);
    failHandshake(d, REASON.badClientHello);
    return;
  }
  const body = 'This port speaks HTTPS: ask for https:// instead of http://\n';
  const head =
    `HTTP/1.1 400 Bad Request\r\nContent-Length: ${body.length}\r\n` +
    'Content-Type: text/plain; charset=utf-8\r\nBallast-Reason: plain-http\r\n' +
    'Connection: close\r\n\r\n';
  const end = putText(CIPHER_AT, head + body);
  sendOrKeep(d, CIPHER_AT, end - CIPHER_AT);
  failHandshake(d, REASON.plainHttp);
}

/** Ends a handshake that has failed, after what was said of it. */
export function failHandshake(d: Downstream, reason: number): void {
  note(d, reason);
  // What still comes is thrown away for a while, so that our last words are not lost with a reset.
  if (d.outLength > 0) d.closesWhenSent = true;
  else closeSoftly(d);
}

/** Ends a handshake at once, with a reset. */
export function endHandshake(d: Downstream, reason: number): void {
  note(d, reason);
  resetDownstream(d);
}

function note(d: Downstream, reason: number): void {
  const t = d.tls as DownstreamTls;
  leaveHandshake(t);
  bump(d.meter + LISTENER_METER.handshakesFailed);
  countReason(reason);
  logHandshake(d, t, reason);
  endTls(d, t);
  // What follows is said and thrown away in the clear.
  d.tls = null;
  d.expectsMore = true;
}
