/** Whole balancers on hosts of their own, with addresses on both sides. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pidsIn } from '../../src/lab/network.ts';
import { INSIDE, OUTSIDE, TwoSided } from '../../src/lab/two-sided.ts';

/** The program. */
export const BALLAST = new URL('../../bin/ballast', import.meta.url).pathname;
const NODE = [process.execPath, '--disable-warning=ExperimentalWarning'];
const script = (name: string): string => new URL(name, import.meta.url).pathname;

export class KernelScene {
  readonly network: TwoSided;
  readonly folder = mkdtempSync(join(tmpdir(), 'ballast-kernel-'));
  /** How long connections may last after a stop or a move. */
  drain = '1s';
  /** More of `vrrp`, and of the outside addresses. */
  vrrp = '';
  ips = '';
  /** How many of the servers, the first ones, are left out. */
  leaving = 0;
  /** Where clients connect. */
  bind: string = OUTSIDE.ipv4;
  port = 80;
  readonly #balancers = new Map<string, ChildProcess>();
  readonly #said: string[] = [];

  constructor(serverCount = 4) {
    this.network = new TwoSided(serverCount);
  }

  /** Starts the servers and waits until they listen. */
  async startServers(): Promise<void> {
    const ready = this.network.servers.map((name) => this.startServer(name));
    await Promise.all(ready);
  }

  startServer(name: string): Promise<string> {
    const child = this.network.start(name, [...NODE, script('echo-server.ts'), name], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    return nextLine(child);
  }

  /** Starts a balancer, lb1 with the higher priority, and waits until it is ready. */
  async startBalancer(name: string, listener: string, more = ''): Promise<void> {
    this.writeConfig(name, listener, more);
    const child = this.network.start(name, [BALLAST, 'run', this.configFile(name)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#balancers.set(name, child);
    child.stderr!.on('data', (piece: Buffer) => this.#said.push(`${name} ${piece.toString()}`));
    const line = await nextLine(child);
    assert.match(line, /^ready/, this.#said.join(''));
  }

  /** What the balancers have printed. */
  get said(): string {
    return this.#said.join('');
  }

  supervisorOf(name: string): number {
    return this.#balancers.get(name)!.pid!;
  }

  configFile(name: string): string {
    return join(this.folder, `${name}.yaml`);
  }

  writeConfig(name: string, listener: string, more = ''): void {
    const priority = name === 'lb1' ? 150 : 100;
    const staying = this.network.servers.slice(this.leaving);
    const servers = staying.map((server) => `${this.network.inside(server)}:8080`);
    const vrrp = (id: number): string => `{ id: ${id}, priority: ${priority}${this.vrrp} }`;
    writeFileSync(
      this.configFile(name),
      `admin: unix:${this.folder}/${name}.sock
workers: 1
drain: ${this.drain}
listeners:
  db: { bind: "${this.bind}:80", pool: db, ${listener} }
pools:
  db:
    servers: [${servers.join(', ')}]
    ${more}
addresses:
  outside: { ips: [${OUTSIDE.ipv4}/24${this.ips}], interface: eth0, group: both, vrrp: ${vrrp(51)} }
  inside: { ips: [${INSIDE.ipv4}/24], interface: eth1, group: both, vrrp: ${vrrp(52)} }
`,
    );
  }

  /** Waits until a host, and no other, has the outside address. */
  async untilOwner(name: string): Promise<void> {
    for (let i = 0; i < 400; i++) {
      const owners = this.network.owners(OUTSIDE.ipv4);
      if (owners.length === 1 && owners[0] === name) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    assert.fail(`${name} has not become active\n${this.#said.join('')}`);
  }

  /** Waits until a host is active for the outside address, by its own account. */
  async untilActive(name: string): Promise<void> {
    const command = ['address', 'status', '--json', this.configFile(name)];
    for (let i = 0; i < 20; i++) {
      const seen = JSON.parse(this.network.run(name, BALLAST, ...command)) as AddressList;
      if (seen.addresses.every(({ state }) => state === 'active')) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.fail(`${name} has not become active\n${this.#said.join('')}`);
  }

  /** Opens connections of each kind from the client. */
  async openClients(each: number): Promise<Clients> {
    const child = this.network.start(
      'client',
      [...NODE, script('clients.ts'), this.bind, String(this.port), String(each)],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    return Clients.open(child);
  }

  /** Sends datagrams from as many ports of the client for ever. */
  async openSenders(count: number): Promise<Senders> {
    const child = this.network.start(
      'client',
      [...NODE, script('senders.ts'), this.bind, '80', String(count)],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    return Senders.open(child);
  }

  /** A command of the program, on the host of a balancer; what it prints. */
  command(name: string, command: string, ...more: string[]): string {
    return this.network.run(name, BALLAST, command, ...more, this.configFile(name));
  }

  /** What nft has on a host. */
  ruleset(name: string): string {
    return this.network.run(name, 'nft', 'list', 'ruleset');
  }

  /** Ends a balancer as SIGTERM does, and waits for it. */
  async stopBalancer(name: string): Promise<void> {
    const child = this.#balancers.get(name)!;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    // `ip netns exec` has become the program itself.
    child.kill('SIGTERM');
    await gone;
  }

  /** Ends every process of a balancer at once. */
  killAll(name: string): void {
    for (const pid of pidsIn(this.network.host(name).netns)) process.kill(pid, 'SIGKILL');
  }

  close(): void {
    this.network.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

type AddressList = { readonly addresses: readonly { readonly state: string }[] };
type Living = Record<'ping' | 'idle' | 'push', number>;

/** Connections that are open in a process on the client. */
export class Clients {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  }

  static async open(child: ChildProcess): Promise<Clients> {
    const clients = new Clients(child);
    assert.equal((await clients.#lines.next()).value, 'open');
    return clients;
  }

  /** How many of each kind get an answer within three seconds from now. */
  async living(command: 'check' | 'speak' = 'check'): Promise<Living> {
    this.#child.stdin!.write(`${command}\n`);
    const line = await this.#lines.next();
    return JSON.parse(String(line.value)) as Living;
  }

  /** Closes all of them. */
  async end(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.stdin!.end('end\n');
    await gone;
  }
}

/** Flows of datagrams in a process on the client. */
export class Senders {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  }

  static async open(child: ChildProcess): Promise<Senders> {
    const senders = new Senders(child);
    assert.equal((await senders.#lines.next()).value, 'open');
    return senders;
  }

  /** How many flows each server has answered last. */
  async byServer(): Promise<Readonly<Record<string, number>>> {
    this.#child.stdin!.write('check\n');
    const line = await this.#lines.next();
    return JSON.parse(String(line.value)) as Record<string, number>;
  }
}

async function nextLine(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) return line;
  return '';
}
