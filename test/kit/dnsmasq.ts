/** dnsmasq as Debian has it: a real name server on a free port of 127.0.0.1. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { DnsQuery } from '../../src/control/names/dns-query.ts';
import { freePort } from './free-ports.ts';
import { endProcess, endWithUs } from './processes.ts';
import { TempDir } from './temp-dir.ts';
import { delay } from './wait.ts';

const PROGRAM = '/usr/sbin/dnsmasq';

/** Why tests that need it are skipped; false where they run. */
export const withoutDnsmasq: string | false = existsSync(PROGRAM)
  ? false
  : 'dnsmasq is not installed';

/** Addresses by name, and lines of dnsmasq's own configuration (`srv-host=…`). */
export type Zone = {
  readonly hosts?: Readonly<Record<string, readonly string[]>>;
  readonly lines?: readonly string[];
};

export class Dnsmasq implements AsyncDisposable {
  readonly port: number;
  readonly #dir = new TempDir();
  readonly #ttlS: number;
  #zone: Zone;
  #child: ChildProcess | null = null;

  private constructor(port: number, zone: Zone, ttlS: number) {
    this.port = port;
    this.#zone = zone;
    this.#ttlS = ttlS;
    // It gives its rights up, and reads its records after that.
    chmodSync(this.#dir.path, 0o755);
  }

  /** Answers for everything below `test`; what is not in the zone does not exist there. */
  static async start(zone: Zone, ttlS = 1): Promise<Dnsmasq> {
    const made = new Dnsmasq(await freePort(), zone, ttlS);
    await made.resume();
    return made;
  }

  /** `127.0.0.1:port`, as the configuration writes it. */
  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Changes the records; it is silent for some milliseconds meanwhile. */
  async change(zone: Zone): Promise<void> {
    this.#zone = zone;
    await this.stop();
    await this.resume();
  }

  async stop(): Promise<void> {
    if (this.#child !== null) await endProcess(this.#child, 'SIGTERM', 3_000);
    this.#child = null;
  }

  async resume(): Promise<void> {
    const { hosts = {}, lines = [] } = this.#zone;
    const hostLines = Object.entries(hosts).flatMap(([name, addresses]) => {
      return addresses.map((address) => `${address} ${name}`);
    });
    writeFileSync(this.#dir.file('hosts'), hostLines.join('\n'));
    const config = [
      `port=${this.port}`,
      'listen-address=127.0.0.1',
      'bind-interfaces',
      'no-resolv',
      'no-hosts',
      'no-daemon',
      'pid-file=',
      'cache-size=0',
      'local=/test/',
      `local-ttl=${this.#ttlS}`,
      `addn-hosts=${this.#dir.file('hosts')}`,
      ...lines,
    ];
    writeFileSync(this.#dir.file('dnsmasq.conf'), `${config.join('\n')}\n`);
    const args = [`--conf-file=${this.#dir.file('dnsmasq.conf')}`];
    this.#child = spawn(PROGRAM, args, { stdio: 'ignore' });
    endWithUs(this.#child);
    await this.#answers();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.#dir[Symbol.dispose]();
  }

  /** Waits until it answers. */
  async #answers(): Promise<void> {
    const { bytes } = DnsQuery.make('ready.test', 'A', true)!;
    for (let tries = 0; tries < 400; tries++) {
      if (this.#child!.exitCode !== null) throw new Error('dnsmasq ended at once');
      const socket = createSocket('udp4');
      const answered = new Promise<boolean>((resolve) => {
        socket.once('message', () => resolve(true));
        socket.once('error', () => resolve(false));
      });
      socket.connect(this.port, '127.0.0.1', () => socket.send(bytes));
      const isThere = await Promise.race([answered, delay(200).then(() => false)]);
      socket.close();
      if (isThere) return;
      await delay(10);
    }
    throw new Error('dnsmasq does not answer');
  }
}
