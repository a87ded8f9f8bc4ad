/**
 * The handshake with a server, between the connection (and a PROXY header) and the first byte of a
 * request or a session. The limit of connecting holds for both.
 */
import { SERVER_METER } from '../../base/meters.ts';
import { REASON } from '../../base/reasons.ts';
import { parseIp } from '../../codec/ip-address.ts';
import { EAGAIN } from '../../sys/errno.ts';
import * as libc from '../../sys/libc.ts';
import {
  CTRL,
  SSL_ERROR,
  SSL_SESSION_free,
  SSL_SESSION_is_resumable,
  SSL_ctrlText,
  SSL_do_handshake,
  SSL_get0_param,
  SSL_get1_session,
  SSL_get_error,
  SSL_get_verify_result,
  SSL_new,
  SSL_session_reused,
  SSL_set_connect_state,
  SSL_set_session,
  X509_VERIFY_PARAM_set1_host,
  X509_VERIFY_PARAM_set1_ip_asc,
  X509_VERIFY_PARAM_set_hostflags,
  X509_verify_cert_error_string,
  takeOpensslError,
} from '../../sys/tls/openssl.ts';
import { BASE } from '../buffers.ts';
import { FAILED, flush } from '../connection.ts';
import { bump } from '../meter-segment.ts';
import type { ServerRuntime } from '../runtime.ts';
import type { Upstream } from '../upstream.ts';
import { GOES_ON, OPEN } from './downstream-handshake.ts';
import { upstreamTlsFor } from './tls-state.ts';
import { noteTrouble } from './tls-trouble.ts';
import { CIPHER_AT, CIPHER_BYTES, bios, hold, sendRecords } from './tls-io.ts';
import { TLS_STAGE, TlsStream } from './tls-stream.ts';
import type { UpstreamTls } from './upstream-tls.ts';

/** A star stands for a whole label. */
const NO_PARTIAL_WILDCARDS = 4;
/** Requests after which a connection is not asked for its session any more: it has none. */
const SESSION_TRIES = 3;

/** Begins TLS on a connection that was just made: GOES_ON, OPEN, or minus a REASON. */
export function beginUpstreamTls(u: Upstream, own: UpstreamTls): number {
  const tls = own.isFreed ? upstreamTlsFor(own.plan) : own;
  if (tls === null) return -REASON.serverTls;
  const t = new TlsStream();
  t.stage = TLS_STAGE.handshake;
  t.ssl = SSL_new(tls.context);
  u.tls = t;
  bios.attach(t.ssl);
  SSL_set_connect_state(t.ssl);
  nameServer(t.ssl, u.server.plan.tlsName, tls.plan.verify);
  if (u.server.tlsSession !== 0) SSL_set_session(t.ssl, u.server.tlsSession);
  return step(u, t, 0);
}

/** An address is not sent as a name (RFC 6066 §3), but the certificate must be valid for it. */
function nameServer(ssl: number, name: string, verifies: boolean): void {
  const isAddress = parseIp(name) !== null;
  if (!isAddress) SSL_ctrlText(ssl, CTRL.setServerName, 0, name);
  if (!verifies) return;
  const param = SSL_get0_param(ssl);
  X509_VERIFY_PARAM_set_hostflags(param, NO_PARTIAL_WILDCARDS);
  if (isAddress) X509_VERIFY_PARAM_set1_ip_asc(param, name);
  else X509_VERIFY_PARAM_set1_host(param, name, 0);
}

/** Goes on with what has come, or can be sent: GOES_ON, OPEN, or minus a REASON. */
export function runUpstreamTls(u: Upstream): number {
  const t = u.tls!;
  if (u.outLength > 0 && u.canWrite && flush(u) === FAILED) return failed(u, '');
  while (u.canRead) {
    const length = libc.recv(u.fd, BASE + CIPHER_AT, CIPHER_BYTES, 0);
    if (length <= 0) {
      u.canRead = false;
      if (length < 0 && libc.errno() === EAGAIN) return GOES_ON;
      return failed(u, 'it closed the connection');
    }
    if (length < CIPHER_BYTES && !u.isHangup) u.canRead = false;
    const result = step(u, t, length);
    if (result !== GOES_ON) return result;
  }
  return GOES_ON;
}

function step(u: Upstream, t: TlsStream, length: number): number {
  bios.setInput(BASE + CIPHER_AT, length);
  const result = SSL_do_handshake(t.ssl);
  const error = result === 1 ? 0 : SSL_get_error(t.ssl, result);
  if (error !== 0 && error !== SSL_ERROR.wantRead) {
    const why = reasonOf(t.ssl);
    sendRecords(u);
    return failed(u, why);
  }
  if (sendRecords(u) === FAILED) return failed(u, 'it closed the connection');
  if (error !== 0) return GOES_ON;
  t.stage = TLS_STAGE.open;
  const { meter } = u.server;
  bump(meter + SERVER_METER.handshakes);
  if (SSL_session_reused(t.ssl) === 1) bump(meter + SERVER_METER.handshakesResumed);
  const left = bios.inputLeft;
  if (left > 0) {
    hold(t, CIPHER_AT + length - left, left);
    u.canRead = true;
  }
  return OPEN;
}

/** What is wrong with the certificate, else what OpenSSL says of the handshake. */
function reasonOf(ssl: number): string {
  const verdict = SSL_get_verify_result(ssl);
  const words = takeOpensslError();
  return verdict === 0 ? words : X509_verify_cert_error_string(verdict);
}

function failed(u: Upstream, why: string): number {
  const { server } = u;
  u.tls!.isBroken = true;
  bump(server.meter + SERVER_METER.handshakesFailed);
  // One session that a server does not like any more must not stand in the way of all others.
  forgetSession(server);
  noteTrouble(server.key, `TLS with server "${server.key}" failed: ${why || 'it was cut'}`);
  return -REASON.serverTls;
}

/** Keeps the session of a connection for the server's next one. Called when it falls idle, or ends. */
export function keepSession(u: Upstream): void {
  const t = u.tls;
  if (t === null || t.stage !== TLS_STAGE.open || t.isSessionKept) return;
  const session = SSL_get1_session(t.ssl);
  if (session === 0) return;
  // Tickets of TLS 1.3 come some time after the handshake.
  if (SSL_SESSION_is_resumable(session) !== 1) {
    SSL_SESSION_free(session);
    t.isSessionKept = u.requests >= SESSION_TRIES;
    return;
  }
  t.isSessionKept = true;
  forgetSession(u.server);
  u.server.tlsSession = session;
}

/** Sessions are of no use any more: what servers are verified by has changed. */
export function forgetSession(server: ServerRuntime): void {
  if (server.tlsSession !== 0) SSL_SESSION_free(server.tlsSession);
  server.tlsSession = 0;
}
