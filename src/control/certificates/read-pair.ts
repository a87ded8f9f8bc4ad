/** A certificate with its key, read from PEM files and checked so far that it can be served. */
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { BallastError } from '../../base/errors.ts';
import { isEncryptedKey, joinPem, pemBlocks, type PemBlock } from '../../codec/pem.ts';
import { certificateFacts, hasOnlyCommonName, type CertificateFacts } from './certificate-facts.ts';
import { readPemFile, type ReadFile } from './read-pem-file.ts';

/** Certificates of one chain at most. */
export const CHAIN_MAX = 16;
/** Issuers that are remembered: many certificates share them. */
const ISSUERS_MAX = 1_000;

/** Where a pair comes from. */
export type PairSource = {
  /** Key of the plan's certificate, and for one of a folder the name of the file: `site/shop`. */
  readonly name: string;
  readonly key: string;
  readonly certFile: string;
  readonly keyFile: string;
};

/** A pair that can be served. */
export type Pair = CertificateFacts & {
  readonly source: PairSource;
  /** The certificate and what chains it to a root, in order, PEM. */
  readonly chain: Uint8Array;
  readonly privateKey: Uint8Array;
  /** The certificate that signed it, DER, where the chain has it; for OCSP. */
  readonly issuerRaw: Uint8Array | null;
  /** What is not as it should be, as sentences. */
  readonly warnings: readonly string[];
  /** Changes when one of the files does. */
  readonly stamp: string;
};

/** Reads and checks a pair. Throws BallastError BAL_CERTIFICATE_*. About 0.15 ms. */
export function readPair(source: PairSource): Pair {
  const { certFile, keyFile } = source;
  const certRead = readPemFile('the certificate', certFile);
  if (certFile === keyFile) return parsePair(source, certRead, certRead);
  return parsePair(source, certRead, readPemFile('the key', keyFile));
}

/** The same of what was read already, or of what is to be written. */
export function parsePair(source: PairSource, certRead: ReadFile, keyRead: ReadFile): Pair {
  const { certFile, keyFile } = source;
  const certificates = pemBlocks(certRead.bytes).filter(({ label }) => label === 'CERTIFICATE');
  if (certificates.length === 0) {
    throw fault('FILE', `"${certFile}" holds no certificate`, 'it must be PEM: BEGIN CERTIFICATE');
  }
  if (certificates.length > CHAIN_MAX) {
    const what = `"${certFile}" holds ${certificates.length} certificates`;
    throw fault('LIMIT', what, `a chain has at most ${CHAIN_MAX}`);
  }
  const keyBlock = findKey(keyRead, keyFile);
  const key = parseKey(keyBlock, keyFile);
  const chain = orderChain(parseChain(certificates, certFile), key, source);
  const leaf = chain.links[0]!;
  return {
    ...certificateFacts(leaf.x509, certFile),
    source,
    chain: joinPem(chain.links.map(({ block }) => block)),
    privateKey: joinPem([keyBlock]),
    issuerRaw: chain.links[1]?.x509.raw ?? null,
    warnings: [...chain.warnings, ...warningsOf(leaf.x509, source, keyRead)],
    stamp: certRead === keyRead ? certRead.stamp : `${certRead.stamp}\n${keyRead.stamp}`,
  };
}

function fault(kind: 'FILE' | 'KEY' | 'LIMIT', what: string, hint: string): BallastError {
  const message = `cannot use a certificate: ${what}`;
  return new BallastError(`BAL_CERTIFICATE_${kind}`, message, { hint, source: 'configuration' });
}

function findKey(read: ReadFile, path: string): PemBlock {
  const block = pemBlocks(read.bytes).find(({ label }) => label.endsWith('PRIVATE KEY'));
  if (block === undefined) {
    throw fault('KEY', `"${path}" holds no private key`, 'it must be PEM: BEGIN PRIVATE KEY');
  }
  if (!isEncryptedKey(block)) return block;
  throw fault(
    'KEY',
    `the key in "${path}" is encrypted, and nobody is there to give the passphrase`,
    `take it off: openssl pkey -in ${path} -out NEW, and let only Ballast's user read NEW`,
  );
}

/** What OpenSSL says of a key that it cannot read never holds the key. */
function parseKey({ bytes }: PemBlock, path: string): KeyObject {
  try {
    return createPrivateKey({ key: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length) });
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw fault('KEY', `the key in "${path}" cannot be read: ${why}`, 'see "openssl pkey -check"');
  }
}

/** A certificate of a chain. */
type Link = { readonly block: PemBlock; readonly x509: X509Certificate };

/** Certificates that many chains share, by their PEM text. */
const issuers = new Map<string, X509Certificate>();

function parseChain(blocks: readonly PemBlock[], path: string): Link[] {
  return blocks.map((block, place) => {
    const bytes = Buffer.from(block.bytes.buffer, block.bytes.byteOffset, block.bytes.length);
    const text = place === 0 ? '' : bytes.toString('latin1');
    const known = place === 0 ? undefined : issuers.get(text);
    if (known !== undefined) return { block, x509: known };
    try {
      const x509 = new X509Certificate(bytes);
      if (place > 0) {
        if (issuers.size >= ISSUERS_MAX) issuers.clear();
        issuers.set(text, x509);
      }
      return { block, x509 };
    } catch (error) {
      const why = (error as NodeJS.ErrnoException).code ?? 'unknown error';
      const what = `certificate ${place + 1} in "${path}" cannot be read: ${why}`;
      throw fault('FILE', what, 'see "openssl x509 -in FILE -noout -text"');
    }
  });
}

type Chain = { readonly links: readonly Link[]; readonly warnings: readonly string[] };

/** The certificate of the key first, then each one's issuer as far as they are there. */
function orderChain(links: readonly Link[], key: KeyObject, source: PairSource): Chain {
  const { certFile, keyFile } = source;
  const leaf = links.find(({ x509 }) => x509.checkPrivateKey(key));
  if (leaf === undefined) {
    throw fault(
      'KEY',
      `the key in "${keyFile}" is not that of the certificate "${certFile}"`,
      'put the two that belong together there; while they are being replaced, one after the other',
    );
  }
  const ordered = [leaf];
  const left = new Set(links);
  left.delete(leaf);
  for (let last: Link | undefined = leaf; last !== undefined;) {
    const child: Link = last;
    last = isSelfIssued(child) ? undefined : [...left].find((one) => isIssuer(one, child));
    if (last === undefined) break;
    ordered.push(last);
    left.delete(last);
  }
  const warnings: string[] = [];
  if (left.size > 0) {
    warnings.push(`"${certFile}" holds ${left.size} certificates that do not belong to its chain`);
  } else if (ordered.some((link, place) => link !== links[place])) {
    warnings.push(`the certificates in "${certFile}" are not in order; they are served in order`);
  }
  if (ordered.length === 1 && !isSelfIssued(leaf) && !isOfOwnAuthority(leaf)) {
    warnings.push(
      `"${certFile}" has no intermediate certificate: clients that do not have it from elsewhere ` +
        'refuse the chain; use what the authority calls the full chain',
    );
  }
  return { links: ordered, warnings };
}

function isSelfIssued({ x509 }: Link): boolean {
  return x509.issuer === x509.subject;
}

function isIssuer(candidate: Link, { x509 }: Link): boolean {
  return candidate.x509.subject === x509.issuer && x509.checkIssued(candidate.x509);
}

/** Public authorities say where their issuer is to be had, and never sign without intermediates. */
function isOfOwnAuthority({ x509 }: Link): boolean {
  return x509.infoAccess === undefined;
}

function warningsOf(x509: X509Certificate, source: PairSource, key: ReadFile): string[] {
  const warnings: string[] = [];
  const { certFile, keyFile } = source;
  if (key.isOpenToOthers) {
    warnings.push(`every user of this machine may read the key "${keyFile}": chmod o-rwx`);
  }
  if (hasOnlyCommonName(x509)) {
    warnings.push(`"${certFile}" has no subjectAltName: browsers do not look at its common name`);
  }
  return warnings;
}
