/** What a client's certificate says, in the words of its fields. */
import { X509Certificate } from 'node:crypto';
import { addressOf } from '../../sys/libc.ts';
import { SSL_get0_peer_certificate, i2d_X509 } from '../../sys/tls/openssl.ts';
import { jsonText } from '../json-text.ts';
import type { ClientCertificate } from './tls-stream.ts';

/** Longest subject and list of names that are told, in bytes; what is longer is cut. */
const TEXT_BYTES_MAX = 4_096;
/** Certificates that are longer are told by their fingerprint alone. */
const DER_BYTES_MAX = 8_192;

/** Bytes of a field's name with what stands around its value. */
const NAME_BYTES_MAX = 260;

/** The certificate that the client of a connection has shown and that was verified, or null. */
export function clientCertificate(ssl: number): ClientCertificate | null {
  const der = peerDer(ssl);
  if (der === null) return null;
  const certificate = new X509Certificate(der);
  const subject = certificate.subject.split('\n').reverse().join(',').slice(0, TEXT_BYTES_MAX);
  const texts = {
    subject: fieldText(subject),
    names: fieldText(certificate.subjectAltName ?? ''),
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    encoded: der.length > DER_BYTES_MAX ? '' : `:${der.toString('base64')}:`,
  };
  const values = Object.values(texts);
  const bytesMax = values.reduce((sum, text) => sum + text.length + NAME_BYTES_MAX, 0);
  const logText = `,"clientSubject":${jsonText(subject)},"clientFingerprint":"${texts.fingerprint}"`;
  return { ...texts, bytesMax, logText };
}

function peerDer(ssl: number): Buffer | null {
  const certificate = SSL_get0_peer_certificate(ssl);
  if (certificate === 0) return null;
  const der = Buffer.alloc(i2d_X509(certificate, 0));
  // i2d moves the pointer that it is given on.
  const pointer = new Uint8Array(8);
  new DataView(pointer.buffer).setBigUint64(0, BigInt(addressOf(der)), true);
  i2d_X509(certificate, addressOf(pointer));
  return der;
}

/** A character for each byte of UTF-8, nothing that ends a line. */
function fieldText(text: string): string {
  const bytes = Buffer.from(text, 'utf8').subarray(0, TEXT_BYTES_MAX);
  return bytes.toString('latin1').replace(/[\0-\x1f\x7f]/g, ' ');
}
