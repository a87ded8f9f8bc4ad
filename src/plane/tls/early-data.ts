/**
 * Early data (RFC 8446 §2.3): what a client that resumes a session sends with its first flight. It may
 * be a copy that somebody else sends again (§8), and nothing here prevents that: so it is taken only
 * where the listener asks for it, and what it may lead to is decided where requests begin (RFC 8470).
 *
 *   handshake ──first bytes──► open, early ──client's Finished──► open
 */
import { LISTENER_METER } from '../../base/meters.ts';
import { lastingAddressOf } from '../../sys/libc.ts';
import {
  SSL_do_handshake,
  SSL_read,
  SSL_read_early_data,
  SSL_write_early_data,
} from '../../sys/tls/openssl.ts';
import { BASE } from '../buffers.ts';
import { bump } from '../meter-segment.ts';
import type { DownstreamTls } from './downstream-tls.ts';

/** Results of SSL_read_early_data. */
const SUCCESS = 1;
const FINISH = 2;

/** Where OpenSSL writes how many bytes there were: a size_t. */
const sizes = new Uint8Array(8);
const sizeView = new DataView(sizes.buffer);
const sizesAddress = lastingAddressOf(sizes);

/** Early data that the last call of `handshakeWithEarly` has brought. */
export const early = { bytes: 0 };

/**
 * Begins, or goes on with, a handshake that takes early data: > 0 bytes of it at bytes[at …], else what
 * SSL_do_handshake returns (1: the handshake is finished), 0 or below what SSL_get_error explains.
 */
export function handshakeWithEarly(t: DownstreamTls, at: number, length: number): number {
  if (!t.isEarlyOver) {
    const result = SSL_read_early_data(t.ssl, BASE + at, length, sizesAddress);
    early.bytes = result === SUCCESS ? sizeView.getUint32(0, true) : 0;
    if (result !== FINISH) return early.bytes > 0 ? 1 : 0;
    t.isEarlyOver = true;
  }
  early.bytes = 0;
  return SSL_do_handshake(t.ssl);
}

/** SSL_read for a connection whose handshake is not finished. */
export function readEarly(t: DownstreamTls, at: number, length: number): number {
  const result = handshakeWithEarly(t, at, length);
  if (early.bytes > 0) return early.bytes;
  if (result !== 1) return result;
  t.isEarly = false;
  t.owesTicket = true;
  bump(t.meter + LISTENER_METER.handshakes);
  bump(t.meter + LISTENER_METER.handshakesResumed);
  return SSL_read(t.ssl, BASE + at, length);
}

/** SSL_write for the same. */
export function writeEarly(t: DownstreamTls, at: number, length: number): number {
  const isWritten = SSL_write_early_data(t.ssl, BASE + at, length, sizesAddress) === 1;
  return isWritten ? sizeView.getUint32(0, true) : -1;
}
