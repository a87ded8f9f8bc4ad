/**
 * pebble as Debian has it: an authority that speaks ACME, on 127.0.0.1, with a name server beside it
 * that gives 127.0.0.1 for every name. It forgets everything when it ends.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { certificatesSkip, TestCertificates } from '../../src/control/health/test-certificates.ts';
import { freePorts } from './free-ports.ts';
import { endProcess, endWithUs } from './processes.ts';
import { TempDir } from './temp-dir.ts';
import { until } from './wait.ts';

const PEBBLE = '/usr/bin/pebble';
const NAME_SERVER = '/usr/bin/pebble-challtestsrv';

/** Why tests that need it are skipped; false where they run. */
export const withoutPebble: string | false =
  existsSync(PEBBLE) && existsSync(NAME_SERVER) ? certificatesSkip : 'pebble is not installed';

export type PebbleOptions = {
  /** Where challenges are looked for. */
  readonly httpPort: number;
  readonly tlsPort: number;
  /** For how long certificates are valid, in seconds. */
  readonly validitySeconds?: number;
  /** Share of nonces that are refused without need. */
  readonly badNoncePercent?: number;
  /** Whether it takes up to so many seconds before it looks at a challenge. */
  readonly sleepSeconds?: number;
};

export class Pebble implements AsyncDisposable {
  readonly #options: PebbleOptions;
  readonly #ports: readonly number[];
  readonly #dir = new TempDir();
  readonly #certificates = new TestCertificates();
  #child: ChildProcess | null = null;
  #names: ChildProcess | null = null;
  /** What it has written, since it was made. */
  log = '';

  private constructor(options: PebbleOptions, ports: readonly number[]) {
    this.#options = options;
    this.#ports = ports;
  }

  /** Made, but not running: see `resume`. */
  static async make(options: PebbleOptions): Promise<Pebble> {
    return new Pebble(options, await freePorts(4));
  }

  static async start(options: PebbleOptions): Promise<Pebble> {
    const made = await Pebble.make(options);
    await made.resume();
    return made;
  }

  get directory(): string {
    return `https://127.0.0.1:${this.#ports[0]}/dir`;
  }

  /** PEM file of what the directory's own certificate is verified by. */
  get caFile(): string {
    return this.#certificates.ca.cert;
  }

  /** How often a line of the log holds a text. */
  count(text: string): number {
    return this.log.split(text).length - 1;
  }

  /** PEM of the root of the certificates that it gives. */
  async root(): Promise<string> {
    return ask(`https://127.0.0.1:${this.#ports[1]}/roots/0`, this.caFile);
  }

  /** Tells the name server something: `/set-servfail` with `{ host }`, `/add-a`, … */
  async tellNames(path: string, fields: Readonly<Record<string, unknown>>): Promise<void> {
    await post(`http://127.0.0.1:${this.#ports[3]}${path}`, JSON.stringify(fields));
  }

  async stop(): Promise<void> {
    for (const child of [this.#child, this.#names]) {
      if (child !== null) await endProcess(child, 'SIGTERM', 3_000);
    }
    this.#child = null;
    this.#names = null;
  }

  /** Starts it on the ports that it has had; resolves when it answers. */
  async resume(): Promise<void> {
    const [port, managementPort, dnsPort, namesPort] = this.#ports;
    const { badNoncePercent = 0, sleepSeconds = 0 } = this.#options;
    const none = ['-http01', '', '-https01', '', '-tlsalpn01', '', '-defaultIPv6', ''];
    const where = ['-dns01', `127.0.0.1:${dnsPort}`, '-management', `127.0.0.1:${namesPort}`];
    this.#names = spawn(NAME_SERVER, [...none, ...where], { stdio: 'ignore' });
    endWithUs(this.#names);
    writeFileSync(this.#dir.file('pebble.json'), this.#config(port!, managementPort!));
    const args = ['-config', this.#dir.file('pebble.json'), '-dnsserver', `127.0.0.1:${dnsPort}`];
    this.#child = spawn(PEBBLE, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PEBBLE_AUTHZREUSE: '0',
        PEBBLE_WFE_NONCEREJECT: String(badNoncePercent),
        ...(sleepSeconds > 0
          ? { PEBBLE_VA_SLEEPTIME: String(sleepSeconds) }
          : { PEBBLE_VA_NOSLEEP: '1' }),
      },
    });
    endWithUs(this.#child);
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.log += text;
      });
    }
    await until(() => ask(this.directory, this.caFile).catch(() => null), { what: 'pebble' });
    await until(
      () =>
        this.tellNames('/clear-a', { host: 'x' }).then(
          () => true,
          () => null,
        ),
      {
        what: 'the name server of pebble',
      },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.#certificates.remove();
    this.#dir[Symbol.dispose]();
  }

  #config(port: number, managementPort: number): string {
    const { httpPort, tlsPort, validitySeconds } = this.#options;
    const { cert, key } = this.#certificates.issue('IP:127.0.0.1');
    const pebble = {
      listenAddress: `127.0.0.1:${port}`,
      managementListenAddress: `127.0.0.1:${managementPort}`,
      certificate: cert,
      privateKey: key,
      httpPort,
      tlsPort,
      ocspResponderURL: '',
      externalAccountBindingRequired: false,
      ...(validitySeconds === undefined ? {} : { certificateValidityPeriod: validitySeconds }),
    };
    return JSON.stringify({ pebble });
  }
}

function ask(url: string, caFile: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = httpsRequest(url, { ca: readFileSync(caFile), agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve(text));
    });
    asked.on('error', reject).end();
  });
}

function post(url: string, body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = httpRequest(url, { method: 'POST', agent: false }, (response) => {
      response.resume().on('end', () => resolve());
    });
    asked.on('error', reject).end(body);
  });
}
