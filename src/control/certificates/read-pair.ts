/** A certificate with its key, read from PEM files and checked so far that it can be served. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { BallastError } from '../../base/errors.ts';
import { isSameBytes } from '../../codec/der.ts';
import { isEncryptedKey, joinPem, pemBlocks, pemBody, type PemBlock } from '../../codec/pem.ts';
import { isNamedIssuer, publicMaterialOf, readCertificate } from '../../codec/x509.ts';
import { readPublicKey, type CertificateFields } from '../../codec/x509.ts';
import { certificateFacts, type CertificateFacts } from './certificate-facts.ts';
import { readPemFile, type ReadFile } from './read-pem-file.ts';

/** Certificates of one chain at most. */
export const CHAIN_MAX = 16;

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
  /** What is not as it should be, as sentences. */
  readonly warnings: readonly string[];
  /** Changes when one of the files does. */
  readonly stamp: string;
};

export type PairOptions = {
  /**
   * Whether OpenSSL reads both too. That takes ten times as long as all the rest: where thousands
   * come at once, it does when a client first asks for one.
   */
  readonly isThorough: boolean;
};

/** Reads and checks a pair. Throws BallastError BAL_CERTIFICATE_*. */
export function readPair(source: PairSource, options: PairOptions): Pair {
  const { certFile, keyFile } = source;
  const certRead = readPemFile('the certificate', certFile);
  if (certFile === keyFile) return parsePair(source, { certRead, keyRead: certRead }, options);
  return parsePair(source, { certRead, keyRead: readPemFile('the key', keyFile) }, options);
}

/** What the files hold, or are to hold; the same one where they are one file. */
export type PairFiles = { readonly certRead: ReadFile; readonly keyRead: ReadFile };

/** The same of what was read already, or is to be written. */
export function parsePair(
  source: PairSource,
  { certRead, keyRead }: PairFiles,
  { isThorough }: PairOptions,
): Pair {
  const { certFile, keyFile } = source;
  const links = parseChain(certRead, certFile);
  const keyBlock = findKey(keyRead, keyFile);
  const chain = orderChain(links, ownerOf(keyBlock, links, source), certFile);
  const leaf = chain.links[0]!;
  const facts = certificateFacts(leaf.der, leaf.fields, certFile);
  if (isThorough) askOpenssl(chain.links, keyBlock, source);
  return {
    ...facts,
    source,
    chain: joinPem(chain.links.map(({ block }) => block)),
    privateKey: joinPem([keyBlock]),
    warnings: [...chain.warnings, ...warningsOf(leaf.fields, facts, { source, keyRead })],
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

/** A certificate of a chain. */
type Link = {
  readonly block: PemBlock;
  readonly der: Uint8Array;
  readonly fields: CertificateFields;
};

function parseChain({ bytes }: ReadFile, path: string): Link[] {
  const blocks = pemBlocks(bytes).filter(({ label }) => label === 'CERTIFICATE');
  if (blocks.length === 0) {
    throw fault('FILE', `"${path}" holds no certificate`, 'it must be PEM: BEGIN CERTIFICATE');
  }
  if (blocks.length > CHAIN_MAX) {
    const what = `"${path}" holds ${blocks.length} certificates`;
    throw fault('LIMIT', what, `a chain has at most ${CHAIN_MAX}`);
  }
  return blocks.map((block, place) => {
    const link = place === 0 ? readLink(block) : readIssuer(block);
    if (link !== null) return link;
    const what = `certificate ${place + 1} in "${path}" cannot be read`;
    throw fault('FILE', what, 'see "openssl x509 -in FILE -noout -text"');
  });
}

function readLink(block: PemBlock): Link | null {
  const der = pemBody(block);
  const fields = der === null ? null : readCertificate(der);
  return der === null || fields === null ? null : { block, der, fields };
}

/** Issuers that are remembered, since thousands of certificates share a few of them. */
const ISSUERS_MAX = 100;
const issuers = new Map<string, Link>();

function readIssuer(block: PemBlock): Link | null {
  const { buffer, byteOffset, length } = block.bytes;
  const text = Buffer.from(buffer, byteOffset, length).toString('latin1');
  const link = issuers.get(text) ?? readLink(block);
  if (link === null) return null;
  if (issuers.size >= ISSUERS_MAX && !issuers.has(text)) issuers.clear();
  issuers.set(text, link);
  return link;
}

/** The certificate of a chain that a key belongs to. */
function ownerOf(keyBlock: PemBlock, links: readonly Link[], source: PairSource): Link {
  const { certFile, keyFile } = source;
  const der = pemBody(keyBlock);
  const material = der === null ? null : publicMaterialOf(keyBlock.label, der);
  der?.fill(0, material === null ? 0 : der.length);
  const owner =
    material === null
      ? ownerByOpenssl(keyBlock, links, keyFile)
      : links.find(({ fields }) => hasKey(fields, material));
  if (owner !== undefined) return owner;
  throw fault(
    'KEY',
    `the key in "${keyFile}" is not that of the certificate "${certFile}"`,
    'put the two that belong together there',
  );
}

function hasKey({ publicKey }: CertificateFields, material: Uint8Array): boolean {
  const key = readPublicKey(publicKey);
  return key !== null && key.kind !== 'other' && isSameBytes(key.material, material);
}

/** For keys that do not carry their public part, such as Ed25519. */
function ownerByOpenssl(
  keyBlock: PemBlock,
  links: readonly Link[],
  keyFile: string,
): Link | undefined {
  const key = opensslKey(keyBlock, keyFile);
  return links.find(({ block }) => new X509Certificate(block.bytes).checkPrivateKey(key));
}

/** What OpenSSL says of a key that it cannot read never holds the key. */
function opensslKey({ bytes }: PemBlock, path: string): ReturnType<typeof createPrivateKey> {
  try {
    return createPrivateKey({ key: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length) });
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw fault('KEY', `the key in "${path}" cannot be read: ${why}`, 'see "openssl pkey -check"');
  }
}

function askOpenssl(links: readonly Link[], keyBlock: PemBlock, source: PairSource): void {
  const { certFile, keyFile } = source;
  const key = opensslKey(keyBlock, keyFile);
  for (const [place, { block }] of links.entries()) {
    try {
      const certificate = new X509Certificate(block.bytes);
      if (place > 0 || certificate.checkPrivateKey(key)) continue;
    } catch (error) {
      const why = (error as NodeJS.ErrnoException).code ?? 'unknown error';
      const what = `certificate ${place + 1} of the chain in "${certFile}" cannot be read: ${why}`;
      throw fault('FILE', what, 'see "openssl x509 -in FILE -noout -text"');
    }
    throw fault('KEY', `the key in "${keyFile}" is damaged`, 'see "openssl pkey -check"');
  }
}

type Chain = { readonly links: readonly Link[]; readonly warnings: readonly string[] };

/** The certificate of the key first, then each one's issuer as far as they are there. */
function orderChain(links: readonly Link[], leaf: Link, certFile: string): Chain {
  const ordered = [leaf];
  const left = new Set(links);
  left.delete(leaf);
  for (let child = leaf; !isSelfIssued(child);) {
    const issuer = [...left].find(({ fields }) => isNamedIssuer(child.fields, fields));
    if (issuer === undefined) break;
    ordered.push(issuer);
    left.delete(issuer);
    child = issuer;
  }
  const warnings: string[] = [];
  if (left.size > 0) {
    warnings.push(`"${certFile}" holds ${left.size} certificates that do not belong to its chain`);
  } else if (ordered.some((link, place) => link !== links[place])) {
    warnings.push(`the certificates in "${certFile}" are not in order; they are served in order`);
  }
  // Public authorities say where their issuer is to be had, and never sign without intermediates.
  if (ordered.length === 1 && !isSelfIssued(leaf) && leaf.fields.hasIssuerUrl) {
    warnings.push(
      `"${certFile}" has no intermediate certificate: clients that do not have it from elsewhere ` +
        'refuse the chain; use what the authority calls the full chain',
    );
  }
  return { links: ordered, warnings };
}

function isSelfIssued({ fields }: Link): boolean {
  return isNamedIssuer(fields, fields);
}

function warningsOf(
  fields: CertificateFields,
  { names }: CertificateFacts,
  { source, keyRead }: { readonly source: PairSource; readonly keyRead: ReadFile },
): string[] {
  const warnings: string[] = [];
  const { certFile, keyFile } = source;
  if (keyRead.isOpenToOthers) {
    warnings.push(`every user of this machine may read the key "${keyFile}": chmod o-rwx`);
  }
  if (names.length === 0) {
    warnings.push(`"${certFile}" has no name that a client could ask for: it serves as default`);
  } else if (fields.names === null) {
    warnings.push(`"${certFile}" has no subjectAltName: browsers do not look at its common name`);
  }
  return warnings;
}
