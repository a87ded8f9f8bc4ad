/**
 * What is looked at before a session has a server: a PROXY header, then a ClientHello of TLS, each
 * only where the listener wants it. Nothing is answered and nothing is changed: what was read is
 * kept and goes to the server first. No more is read than the two can be long.
 */
import type { DownstreamTls } from '../tls/downstream-tls.ts';
import { beginSessionTls, goOnWithTls } from './session-tls.ts';
import { REASON } from '../../base/reasons.ts';
import { PROXY_V2_BYTES_MAX } from '../../codec/proxy-header.ts';
import { PROXY_LOOK, looksLikeProxyHeader } from '../../codec/proxy-protocol.ts';
import {
  CLIENT_HELLO_BYTES_MAX,
  ClientHello,
  HELLO_DONE,
  HELLO_FAULT,
  HELLO_MORE,
  readClientHello,
} from '../../codec/tls-client-hello.ts';
import { RECEIVE_AT, bytes } from '../buffers.ts';
import { readFrom, restoreInput, saveInput } from '../connection.ts';
import { expectsProxyHeader, takeProxyHeader } from '../proxy-input.ts';
import { TIMER } from '../timers.ts';
import { routeSession } from './connect-session.ts';
import { abortSession } from './end-session.ts';
import type { TcpSession } from './session.ts';

const HELLO_BYTES_MAX = PROXY_V2_BYTES_MAX + CLIENT_HELLO_BYTES_MAX;

const NO_PROTOCOLS: readonly string[] = [];
const hello = new ClientHello();

/** Begins to look; the client's first bytes may be there already. */
export function beginHello(s: TcpSession): void {
  const { names, proxyFrom, termination } = s.listener;
  s.awaitsProxyHeader = expectsProxyHeader(proxyFrom, s.clientText);
  s.isUnlisted = proxyFrom !== null && !s.awaitsProxyHeader;
  if (s.awaitsProxyHeader || names !== null || termination !== null) readHello(s);
  else giveRoute(s, '', NO_PROTOCOLS);
}

/** Reads on; called when there is, or may be, input. */
export function readHello(s: TcpSession): void {
  const { client } = s;
  if (client.tls !== null) {
    goOnWithTls(s, client.tls as DownstreamTls);
    return;
  }
  while (client.canRead) {
    const saved = restoreInput(client, RECEIVE_AT);
    const got = readFrom(client, RECEIVE_AT + saved, HELLO_BYTES_MAX - saved);
    if (got === 0 || got === -2) {
      abortSession(s, got === 0 ? REASON.clientClosed : REASON.clientReset);
      return;
    }
    const length = saved + Math.max(got, 0);
    if (got < 0) {
      keep(s, 0, length);
      return;
    }
    if (decide(s, length)) return;
  }
}

/** Looks at the `length` bytes in the receive region; true once there is nothing more to read. */
function decide(s: TcpSession, length: number): boolean {
  let from = 0;
  if (s.awaitsProxyHeader) {
    from = takeProxyHeader(s, RECEIVE_AT, length);
    if (from === 0) return !keep(s, 0, length);
    if (from < 0) {
      abortSession(s, REASON.badProxyHeader);
      return true;
    }
    s.awaitsProxyHeader = false;
    s.headerBytes = from;
  } else if (s.isUnlisted && isForged(s, length)) return true;
  const { names, termination } = s.listener;
  if (names === null && termination === null) {
    if (keep(s, from, length)) giveRoute(s, '', NO_PROTOCOLS);
    return true;
  }
  hello.needsAlpn = termination !== null || names!.needsAlpn;
  hello.needsTicket = termination !== null;
  const result = readClientHello(bytes, RECEIVE_AT + from, length - from, hello);
  if (!keep(s, from, length)) return true;
  if (result === HELLO_MORE) return false;
  if (result === HELLO_DONE) {
    if (hello.serverName !== '') s.serverName = hello.serverName;
    giveRoute(s, hello.serverName, hello.alpn);
  } else if (result === -HELLO_FAULT.notTls && termination === null) giveRoute(s, '', NO_PROTOCOLS);
  else abortSession(s, REASON.badClientHello);
  return true;
}

/** Somebody who is not listed pretends to speak for somebody else. */
function isForged(s: TcpSession, length: number): boolean {
  const look = looksLikeProxyHeader(bytes, RECEIVE_AT, length);
  // What is certain now need not be held back later.
  if (look === PROXY_LOOK.no) s.isUnlisted = false;
  if (look !== PROXY_LOOK.yes) return false;
  abortSession(s, REASON.proxyHeaderUntrusted);
  return true;
}

/** Keeps what was read, the PROXY header taken off; false when the session has ended for it. */
function keep(s: TcpSession, from: number, length: number): boolean {
  if (length === from || saveInput(s.client, RECEIVE_AT + from, length - from)) return true;
  abortSession(s, REASON.bufferMemory);
  return false;
}

function giveRoute(s: TcpSession, serverName: string, alpn: readonly string[]): void {
  const { names, routes } = s.listener;
  const index = names === null ? 0 : names.find(serverName, alpn);
  s.client.kind = TIMER.none;
  if (index < 0) {
    abortSession(s, REASON.noRoute);
    return;
  }
  const route = routes[index]!;
  if (s.listener.termination === null || route.plan.passthrough) {
    routeSession(s, route);
    return;
  }
  // Of a listener that a reload has replaced the context is gone; that of its successor will do.
  const { termination } = s.client.acceptor.listener;
  if (termination === null) abortSession(s, REASON.listenerRemoved);
  else beginSessionTls(s, route, termination, hello);
}
