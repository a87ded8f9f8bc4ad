/** Thousands of certificates within a second or two: openssl would take minutes. */
import { createPrivateKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { contextTag, der, derOid, TAG } from '../../src/codec/der.ts';

const ECDSA_SHA256 = der(TAG.sequence, derOid('1.2.840.10045.4.3.2'));
const SUBJECT_ALT_NAME = derOid('2.5.29.17');
const COMMON_NAME = derOid('2.5.4.3');
const DAY_MS = 86_400_000;

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

function nameOf(text: string): Uint8Array {
  const attribute = der(TAG.sequence, COMMON_NAME, der(TAG.utf8String, ascii(text)));
  return der(TAG.sequence, der(TAG.set, attribute));
}

function timeOf(ms: number): Uint8Array {
  const text = new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return der(TAG.generalizedTime, ascii(text));
}

function pem(label: string, bytes: Uint8Array): string {
  const lines = Buffer.from(bytes)
    .toString('base64')
    .match(/.{1,64}/g)!;
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

type Issuer = { readonly name: string; readonly key: KeyObject };

/** A certificate for a name, PEM. `serial` is one of its bytes in hex. */
function issue(name: string, serial: number, publicKey: Buffer, issuer: Issuer): string {
  const now = Date.now();
  const serialBytes = Uint8Array.of(1, serial >> 16, (serial >> 8) & 255, serial & 255);
  const names = der(TAG.sequence, der(contextTag(2, false), ascii(name)));
  const extension = der(TAG.sequence, SUBJECT_ALT_NAME, der(TAG.octetString, names));
  const body = der(
    TAG.sequence,
    der(contextTag(0), der(TAG.integer, Uint8Array.of(2))),
    der(TAG.integer, serialBytes),
    ECDSA_SHA256,
    nameOf(issuer.name),
    der(TAG.sequence, timeOf(now - DAY_MS), timeOf(now + 90 * DAY_MS)),
    nameOf(name),
    publicKey,
    der(contextTag(3), der(TAG.sequence, extension)),
  );
  const signature = sign('sha256', body, issuer.key);
  const bits = der(TAG.bitString, Uint8Array.of(0), signature);
  return pem('CERTIFICATE', der(TAG.sequence, body, ECDSA_SHA256, bits));
}

/**
 * Writes `count` pairs (P-256, each with one intermediate) into a folder: N.crt and N.key, for the
 * names `nN.test`. `keys` is how many different keys they have.
 */
export function writeManyCertificates(folder: string, count: number, keys = 100): void {
  mkdirSync(folder, { recursive: true });
  const pairs = Array.from({ length: keys + 1 }, () => {
    const made = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      publicKeyEncoding: { type: 'spki', format: 'der' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    return { publicKey: made.publicKey, privatePem: made.privateKey };
  });
  const own = pairs[keys]!;
  const issuer = { name: 'many test authority', key: createPrivateKey(own.privatePem) };
  const intermediate = issue(issuer.name, 0, own.publicKey, issuer);
  for (let i = 1; i <= count; i++) {
    const { publicKey, privatePem } = pairs[i % keys]!;
    const certificate = issue(`n${i}.test`, i, publicKey, issuer);
    writeFileSync(join(folder, `${i}.crt`), certificate + intermediate);
    writeFileSync(join(folder, `${i}.key`), privatePem, { mode: 0o600 });
  }
}
