/** Certificates that are given through the admin API are written to where they would be read from. */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { BallastError } from '../../base/errors.ts';
import type { CertificatePlan } from '../../config/plan-tls.ts';
import type { ReadFile } from './read-pem-file.ts';
import { parsePair, type PairSource } from './read-pair.ts';

/** PEM of a certificate with its chain, and of its key. */
export type GivenPair = { readonly cert: string; readonly key: string };

/** For its owner alone. */
const MODE = 0o600;

/** Where the pair with this name is kept. Throws BAL_CERTIFICATE_NAME. */
export function filesToWrite(name: string, plans: readonly CertificatePlan[]): PairSource {
  const [key = '', file] = name.split(/\/(.*)/s);
  const source = plans.find((plan) => plan.key === key)?.source;
  if (source === undefined) {
    const known = plans.map((plan) => plan.key).slice(0, 20);
    throw wrongName(name, `the configuration has no such certificate; it has: ${known.join(', ')}`);
  }
  if (source.kind === 'acme') throw wrongName(name, 'ACME looks after it');
  if (source.kind === 'files') {
    if (file !== undefined) throw wrongName(name, `"${key}" is one certificate`);
    return { name, key, certFile: source.certFile, keyFile: source.keyFile };
  }
  if (file === undefined || !/^[A-Za-z0-9_*@-][A-Za-z0-9._*@-]{0,199}$/.test(file)) {
    throw wrongName(name, `"${key}" is a folder: give ${key}/NAME, of letters, digits and ._*@-`);
  }
  const base = join(source.path, file);
  return { name, key, certFile: `${base}.crt`, keyFile: `${base}.key` };
}

function wrongName(name: string, why: string): BallastError {
  const message = `cannot replace the certificate "${name.slice(0, 200)}": ${why}`;
  return new BallastError('BAL_CERTIFICATE_NAME', message);
}

/**
 * Checks a pair and writes it, the whole of it or nothing. Throws BAL_CERTIFICATE_*. Links stay: what
 * they point to is replaced.
 */
export function writePair(source: PairSource, { cert, key }: GivenPair): void {
  const certRead = asRead(cert);
  const keyRead = asRead(key);
  parsePair(source, { certRead, keyRead }, { isThorough: true });
  const { certFile, keyFile } = source;
  try {
    if (certFile === keyFile) {
      replaceAll([[certFile, Buffer.concat([certRead.bytes, Buffer.from('\n'), keyRead.bytes])]]);
    } else {
      replaceAll([
        [keyFile, keyRead.bytes],
        [certFile, certRead.bytes],
      ]);
    }
  } catch (error) {
    const { message } = error as Error;
    const what = `cannot write the certificate "${source.name}": ${message}`;
    throw new BallastError('BAL_CERTIFICATE_WRITE', what, {
      hint: 'the user that Ballast runs as must be allowed to write into the folder',
    });
  } finally {
    keyRead.bytes.fill(0);
  }
}

function asRead(text: string): ReadFile {
  return { bytes: Buffer.from(text, 'utf8'), stamp: '', isOpenToOthers: false };
}

/** Replaces files: drafts of all first, so that a full disk changes none of them. */
function replaceAll(files: readonly (readonly [path: string, bytes: Buffer])[]): void {
  const drafts: { readonly draft: string; readonly path: string }[] = [];
  const replaced: { readonly path: string; readonly before: Buffer | null }[] = [];
  try {
    for (const [path, bytes] of files) {
      const target = behindLinks(path);
      const draft = `${target}.${randomBytes(6).toString('hex')}.new`;
      drafts.push({ draft, path: target });
      writeDraft(draft, bytes);
    }
    for (const { draft, path } of drafts) {
      const before = bytesOf(path);
      renameSync(draft, path);
      replaced.push({ path, before });
    }
  } catch (error) {
    for (const { draft } of drafts) rmSync(draft, { force: true });
    for (const { path, before } of replaced) putBack(path, before);
    throw error;
  }
}

function putBack(path: string, before: Buffer | null): void {
  rmSync(path, { force: true });
  if (before !== null) writeDraft(path, before);
}

function behindLinks(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // Not there yet.
    return path;
  }
}

function bytesOf(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch {
    return null;
  }
}

function writeDraft(path: string, bytes: Buffer): void {
  const fd = openSync(path, 'wx', MODE);
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
