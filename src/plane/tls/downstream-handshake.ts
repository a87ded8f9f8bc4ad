/**
 * The handshake with a client (RFC 8446 §2, RFC 5246 §7.3), from its ClientHello on.
 *
 *   hello ──whole──► waiting ──its turn──► handshake ──finished──► open
 *     │                                        │
 *     └──────────────── failed ◄───────────────┘
 *
 * What has come of the ClientHello is kept as input of the connection until it is whole: it decides
 * which certificate is shown, before OpenSSL sees a byte.
 */
import { LISTENER_METER } from '../../base/meters.ts';
import { REASON } from '../../base/reasons.ts';
import type { ClientHello } from '../../codec/tls-client-hello.ts';
import { EAGAIN } from '../../sys/errno.ts';
import * as libc from '../../sys/libc.ts';
import {
  SSL_ERROR,
  SSL_CIPHER_get_name,
  SSL_certs_clear,
  SSL_do_handshake,
  SSL_get_current_cipher,
  SSL_get_error,
  SSL_get_version,
  SSL_new,
  SSL_session_reused,
  SSL_set_accept_state,
  SSL_use_cert_and_key,
  takeOpensslError,
} from '../../sys/tls/openssl.ts';
import { BASE, RECEIVE_AT, RECEIVE_BYTES } from '../buffers.ts';
import { FAILED, restoreInput, saveInput } from '../connection.ts';
import type { Connection } from '../connection.ts';
import { bump } from '../meter-segment.ts';
import { worker } from '../worker-state.ts';
import { ACME_PROTOCOL, challengeFor } from './challenges.ts';
import { clientCertificate } from './client-certificate.ts';
import { early, handshakeWithEarly } from './early-data.ts';
import { asked } from './handshake-callbacks.ts';
import type { Shown } from './handshake-callbacks.ts';
import { leaveHandshake, takeKeyTurn } from './handshake-queue.ts';
import { ALERT, sendAlert } from './plain-alert.ts';
import type { DownstreamTls } from './downstream-tls.ts';
import { takesEarlyData } from './termination.ts';
import { olderKeyOf, useTicketKey } from './ticket-keys.ts';
import { CIPHER_AT, CIPHER_BYTES, bios, hold, sendRecords } from './tls-io.ts';
import { TLS_STAGE } from './tls-stream.ts';

const NONE: readonly Shown[] = [];

/** What has come of a step; a failure is minus its REASON. */
export const GOES_ON = 0;
export const OPEN = 1;

/**
 * The ClientHello is whole; its records wait as input of the connection. Chooses what is shown:
 * GOES_ON, or minus a REASON.
 */
export function prepareHandshake(c: Connection, t: DownstreamTls, hello: ClientHello): number {
  const { termination } = t;
  const { plan } = termination;
  t.serverName = hello.serverName;
  t.protocol = plan.alpn.find((protocol) => hello.alpn.includes(protocol)) ?? null;
  const challenge = hello.alpn.includes(ACME_PROTOCOL) ? challengeFor(hello.serverName) : null;
  if (challenge !== null) t.protocol = ACME_PROTOCOL;
  const certificates = termination.certificatesFor(hello.serverName);
  if (challenge === null && certificates.length === 0) {
    sendAlert(c, ALERT.unrecognizedName);
    return -REASON.tlsUnknownName;
  }
  t.ssl = SSL_new(termination.context);
  bios.attach(t.ssl);
  SSL_set_accept_state(t.ssl);
  SSL_certs_clear(t.ssl);
  const pairs =
    challenge === null
      ? termination.shownOf(certificates)
      : [{ ...challenge, keyType: 'rsa' as const, ocsp: null }];
  for (const { certificate, privateKey, chain } of pairs) {
    SSL_use_cert_and_key(t.ssl, certificate, privateKey, chain, 1);
  }
  t.shown = pairs;
  t.olderKey = olderKeyOf(hello);
  t.takesEarly = takesEarlyData(plan) && hello.hasTicket;
  t.stage = TLS_STAGE.waiting;
  if (takeKeyTurn(c, t)) t.stage = TLS_STAGE.handshake;
  return GOES_ON;
}

/** Goes on with what has come: GOES_ON while more is needed, OPEN, or minus a REASON. */
export function runHandshake(c: Connection, t: DownstreamTls): number {
  for (;;) {
    let length = restoreInput(c, CIPHER_AT);
    if (length === 0) {
      if (!c.canRead) return GOES_ON;
      length = libc.recv(c.fd, BASE + CIPHER_AT, CIPHER_BYTES, 0);
      if (length <= 0) {
        c.canRead = false;
        if (length === 0) return -REASON.clientClosed;
        return libc.errno() === EAGAIN ? GOES_ON : -REASON.clientReset;
      }
      if (length < CIPHER_BYTES && !c.isHangup) c.canRead = false;
    }
    const result = step(c, t, length);
    if (result !== GOES_ON) return result;
  }
}

function step(c: Connection, t: DownstreamTls, length: number): number {
  bios.setInput(BASE + CIPHER_AT, length);
  asked.protocol = t.protocol;
  asked.isChoosy = t.termination.plan.alpn.length > 0;
  asked.shown = t.shown;
  const { context } = t.termination;
  if (t.olderKey > 0) useTicketKey(context, t.olderKey);
  const result = t.takesEarly
    ? handshakeWithEarly(t, RECEIVE_AT, RECEIVE_BYTES)
    : SSL_do_handshake(t.ssl);
  const error = result === 1 ? 0 : SSL_get_error(t.ssl, result);
  if (t.olderKey > 0) useTicketKey(context, 0);
  t.olderKey = 0;
  const isGood = error === 0 || error === SSL_ERROR.wantRead;
  if (!isGood) t.detail = takeOpensslError();
  // The next flight, or the alert that says what was wrong.
  if (sendRecords(c) === FAILED) return -REASON.clientReset;
  if (!isGood) return -REASON.tlsFailed;
  if (error !== 0) return GOES_ON;
  return t.takesEarly && early.bytes > 0 ? openedEarly(c, t, length) : finished(c, t, length);
}

/** A request may be there before the handshake is finished: it becomes input of the connection. */
function openedEarly(c: Connection, t: DownstreamTls, length: number): number {
  t.isEarly = true;
  if (!saveInput(c, RECEIVE_AT, early.bytes)) return -REASON.bufferMemory;
  open(c, t, length);
  return OPEN;
}

function finished(c: Connection, t: DownstreamTls, length: number): number {
  bump(t.meter + LISTENER_METER.handshakes);
  t.owesTicket = t.termination.plan.tickets;
  if (SSL_session_reused(t.ssl) === 1) bump(t.meter + LISTENER_METER.handshakesResumed);
  if (t.termination.plan.clientAuth !== null) t.client = clientCertificate(t.ssl);
  open(c, t, length);
  return OPEN;
}

/** From here on the connection is read and written through TLS. */
function open(c: Connection, t: DownstreamTls, length: number): void {
  leaveHandshake(t);
  t.shown = NONE;
  t.stage = TLS_STAGE.open;
  const left = bios.inputLeft;
  if (left > 0) {
    hold(t, CIPHER_AT + length - left, left);
    c.canRead = true;
  }
  if (worker.isLogging) t.logText = logText(t);
}

/** What each line of the access log says of the connection. */
function logText(t: DownstreamTls): string {
  const cipher = SSL_CIPHER_get_name(SSL_get_current_cipher(t.ssl));
  const name = t.serverName === '' ? '' : `,"serverName":"${t.serverName}"`;
  const agreed = `,"tls":"${SSL_get_version(t.ssl)}","cipher":"${cipher}"`;
  return `${name}${agreed}${t.client?.logText ?? ''}`;
}
