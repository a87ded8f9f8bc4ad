/**
 * What OpenSSL asks us in the middle of a handshake. A worker does one thing at a time, so that what
 * is to be answered stands in `asked`, set before each step of a handshake.
 */
import type { StoredCertificate } from '../../codec/certificate-store.ts';
import { addressOf, memcpy, viewMemory } from '../../sys/libc.ts';
import {
  CRYPTO_malloc,
  CTRL,
  SSL_ctrl,
  SSL_get_certificate,
  alpnCallback,
  statusCallback,
} from '../../sys/tls/openssl.ts';

/** SSL_TLSEXT_ERR_*. */
const OK = 0;
const ALERT_FATAL = 2;
const NO_ACKNOWLEDGEMENT = 3;

/** A certificate that may be shown, as OpenSSL has it, and its OCSP response where there is one. */
export type Shown = {
  readonly certificate: number;
  readonly keyType: StoredCertificate['keyType'];
  readonly ocsp: Uint8Array | null;
};

/** Of the handshake that goes on now. */
export const asked: {
  /** The protocol that both speak; null: they have none in common (RFC 7301 §3.2). */
  protocol: string | null;
  /** Whether a client that offers others only is refused. */
  isChoosy: boolean;
  shown: readonly Shown[];
} = { protocol: null, isChoosy: false, shown: [] };

const POINTER_BYTES = 8;

/**
 * Protocols as OpenSSL wants to be told of them, kept so that their addresses stay good: a pointer to
 * the name, its length in one byte, and the name itself.
 */
const protocols = new Map<string, Uint8Array>();

function protocolAddress(name: string): number {
  let known = protocols.get(name);
  if (known === undefined) {
    known = new Uint8Array(POINTER_BYTES + 1 + name.length);
    const text = known.subarray(POINTER_BYTES + 1);
    text.set(Buffer.from(name, 'latin1'));
    known[POINTER_BYTES] = name.length;
    new DataView(known.buffer).setBigUint64(0, BigInt(addressOf(text)), true);
    protocols.set(name, known);
  }
  return addressOf(known);
}

/** Called for each ClientHello that offers protocols. */
export const alpnSelect: unknown = alpnCallback((_ssl, out, outLength) => {
  if (asked.protocol === null) return asked.isChoosy ? ALERT_FATAL : NO_ACKNOWLEDGEMENT;
  const address = protocolAddress(asked.protocol);
  memcpy(Number(out), address, POINTER_BYTES);
  memcpy(Number(outLength), address + POINTER_BYTES, 1);
  return OK;
});

/** Called for each client that asks for an OCSP response (RFC 6066 §8). */
export const statusRequest: unknown = statusCallback((ssl) => {
  const certificate = SSL_get_certificate(Number(ssl));
  const response = asked.shown.find((each) => each.certificate === certificate)?.ocsp ?? null;
  if (response === null) return NO_ACKNOWLEDGEMENT;
  // OpenSSL frees it with the connection.
  const copy = CRYPTO_malloc(response.length, 'ballast', 0);
  if (copy === 0) return NO_ACKNOWLEDGEMENT;
  new Uint8Array(viewMemory(copy, response.length)).set(response);
  SSL_ctrl(Number(ssl), CTRL.setStatusResponse, response.length, copy);
  return OK;
});
