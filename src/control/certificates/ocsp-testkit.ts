/** An authority with `openssl ocsp` as its responder, for tests. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { endProcess, endWithUs } from '../../../test/kit/processes.ts';
import { TempDir } from '../../../test/kit/temp-dir.ts';
import { ocspRequest } from '../../codec/ocsp.ts';
import { ocspSubject, type OcspSubject } from './ocsp-check.ts';
import { readPair, type Pair } from './read-pair.ts';

/** Why tests skip that need OpenSSL; false where it is there. */
export const opensslSkip: string | false =
  spawnSync('openssl', ['version']).status === 0 ? false : 'needs openssl';

/** What the responder says of a certificate. */
type Said = 'V' | 'R';

export class OcspAuthority implements AsyncDisposable {
  readonly dir = new TempDir();
  readonly #index: string[] = [];
  #responder: ChildProcess | null = null;

  constructor() {
    this.make('ca', ['-addext', 'basicConstraints=critical,CA:TRUE']);
  }

  /** Makes NAME.crt and NAME.key; signed by the authority where a serial number is given. */
  make(name: string, more: readonly string[], serial?: string): void {
    const by = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-set_serial', `0x${serial}`];
    this.openssl([
      ...['req', '-x509', '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
      ...['-keyout', `${name}.key`, '-out', `${name}.crt`, '-days', '2', '-subj', `/CN=${name}`],
      ...(serial === undefined ? [] : by),
      ...more,
    ]);
    chmodSync(this.dir.file(`${name}.key`), 0o600);
  }

  /** A certificate with its chain, and what the responder says of it from now on. */
  issue(name: string, parts: { serial: string; said?: Said; url?: string }): Pair {
    const access = [
      '-addext',
      `authorityInfoAccess=OCSP;URI:${parts.url ?? 'http://127.0.0.1:1/'}`,
    ];
    this.make(name, ['-addext', `subjectAltName=DNS:${name}.test`, ...access], parts.serial);
    const full = ['crt', 'pem'].map((ending) => this.dir.file(`${name}.${ending}`));
    writeFileSync(full[1]!, readFileSync(full[0]!, 'utf8') + this.text('ca.crt'));
    this.say(name, parts.serial, parts.said ?? 'V');
    const files = { certFile: full[1]!, keyFile: this.dir.file(`${name}.key`) };
    return readPair({ name, key: name, ...files }, { isThorough: true });
  }

  say(name: string, serial: string, said: Said): void {
    const revoked = said === 'R' ? '260101000000Z' : '';
    this.#index.push(`${said}\t991231235959Z\t${revoked}\t${serial}\tunknown\t/CN=${name}`);
    writeFileSync(this.dir.file('index.txt'), `${this.#index.join('\n')}\n`);
  }

  /** A response, DER; `more` are further options of `openssl ocsp`. */
  answer(subject: OcspSubject, more: readonly string[] = [], signer = 'ca'): Buffer {
    writeFileSync(this.dir.file('request'), ocspRequest(subject.id));
    this.openssl([
      ...['ocsp', '-index', 'index.txt', '-CA', 'ca.crt', '-rsigner', `${signer}.crt`],
      ...['-rkey', `${signer}.key`, '-reqin', 'request', '-respout', 'response', '-ndays', '7'],
      ...more,
    ]);
    return readFileSync(this.dir.file('response'));
  }

  /** Answers at a port until the end. */
  async serve(port: number): Promise<void> {
    const args = [
      ...['ocsp', '-index', 'index.txt', '-CA', 'ca.crt', '-rsigner', 'ca.crt', '-rkey', 'ca.key'],
      ...['-ndays', '7', '-port', String(port), '-ignore_err'],
    ];
    this.#responder = spawn('openssl', args, {
      cwd: this.dir.path,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    endWithUs(this.#responder);
    // "ACCEPT 0.0.0.0:PORT …" comes once it listens.
    await once(this.#responder.stderr!, 'data');
  }

  openssl(args: readonly string[]): void {
    const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8', cwd: this.dir.path });
    if (status !== 0) throw new Error(`openssl ${args.join(' ')}: ${stderr}`);
  }

  text(file: string): string {
    return readFileSync(this.dir.file(file), 'utf8');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#responder !== null) await endProcess(this.#responder, 'SIGTERM', 5_000);
    this.dir[Symbol.dispose]();
  }
}

/** What is asked about a certificate whose chain is whole. */
export function subjectOf(pair: Pair): OcspSubject {
  const subject = ocspSubject(pair);
  if (subject === null) throw new Error('the chain has no issuer');
  return subject;
}
