import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TlsProbePlan } from '../../config/plan-check.ts';

const BIN = '/usr/bin/openssl';

/** Whether certificates can be made; else why a test skips. */
export const certificatesSkip: string | false =
  spawnSync(BIN, ['version']).status === 0 ? false : 'needs openssl';

/** Paths of a certificate and its key. */
export type TestCertificate = { readonly cert: string; readonly key: string };

export type IssueOptions = {
  readonly isExpired?: boolean;
  /** P-256 unless "rsa", of 2048 bits. */
  readonly keyType?: 'ecdsa' | 'rsa';
  readonly subject?: string;
};

function keyArguments(keyType: IssueOptions['keyType']): string[] {
  if (keyType === 'rsa') return ['-newkey', 'rsa:2048'];
  return ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
}

/** A folder with a certificate authority of its own, for tests. Call `remove` at the end. */
export class TestCertificates implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'ballast-certificates-'));
  readonly ca: TestCertificate;
  #count = 0;

  constructor() {
    this.ca = this.#paths('ca');
    this.#run([
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-subj', '/CN=test authority', '-days', '2'],
      ...['-keyout', this.ca.key, '-out', this.ca.cert],
    ]);
  }

  /** A certificate of the authority for `names`, such as "DNS:db.test, IP:127.0.0.1". */
  issue(names: string, options: IssueOptions = {}): TestCertificate {
    const made = this.#paths(String(++this.#count));
    const request = `${made.cert}.csr`;
    const extensions = `${made.cert}.ext`;
    writeFileSync(extensions, `subjectAltName=${names}\n`);
    this.#run([
      ...['req', '-new', ...keyArguments(options.keyType), '-nodes'],
      ...['-subj', options.subject ?? '/CN=test', '-keyout', made.key, '-out', request],
    ]);
    this.#run([
      ...['x509', '-req', '-in', request, '-CA', this.ca.cert, '-CAkey', this.ca.key],
      ...['-CAcreateserial', '-extfile', extensions, '-out', made.cert],
      ...['-days', options.isExpired === true ? '-1' : '2'],
    ]);
    return made;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }

  [Symbol.dispose](): void {
    this.remove();
  }

  #paths(name: string): TestCertificate {
    return { cert: join(this.folder, `${name}.pem`), key: join(this.folder, `${name}.key`) };
  }

  #run(args: readonly string[]): void {
    const { status, stderr } = spawnSync(BIN, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`openssl ${args[0]}: ${stderr}`);
  }
}

/** The files of a certificate as `tls.createServer` takes them. */
export function pem(from: TestCertificate): { cert: Buffer; key: Buffer } {
  return { cert: readFileSync(from.cert), key: readFileSync(from.key) };
}

/** A plan for TLS in tests: verifies, with the roots of Node. */
export function tlsPlan(parts: Partial<TlsProbePlan> = {}): TlsProbePlan {
  return { verify: true, serverName: '', caFile: '', certFile: '', keyFile: '', ...parts };
}
