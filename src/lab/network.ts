/** Hosts of our own in network namespaces, joined by a bridge in a namespace of its own. */
import { execFileSync, spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';

/** Runs ip(8); throws what it says. */
export function ip(args: readonly string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** What the names of our namespaces begin with; then comes the process that made them. */
const PREFIX = 'blt';

let made = 0;

/** The bridge's end of a host's cable. */
const port = (host: string): string => `to-${host}`;

export type Host = {
  readonly name: string;
  /** Name of the namespace. */
  readonly netns: string;
  /** Address on eth0. */
  readonly address: string;
};

/** A bridge and hosts on it: host n has 10.77.0.n and fd77::n on eth0. */
export class Network {
  readonly #prefix = `${PREFIX}${process.pid}x${made++}`;
  readonly #children: ChildProcess[] = [];
  readonly #environments = new Map<string, NodeJS.ProcessEnv>();
  readonly hosts: readonly Host[];
  /** Namespace of the bridge: rules there are on the way of every frame. */
  readonly switch: string;

  constructor(names: readonly string[]) {
    this.switch = `${this.#prefix}-sw`;
    this.hosts = names.map((name, i) => ({
      name,
      netns: `${this.#prefix}-${name}`,
      address: `10.77.0.${i + 1}`,
    }));
    try {
      this.#build();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #build(): void {
    ip(['netns', 'add', this.switch]);
    ip(['-n', this.switch, 'link', 'add', 'br0', 'type', 'bridge']);
    ip(['-n', this.switch, 'link', 'set', 'br0', 'up']);
    for (const [i, { netns, address, name }] of this.hosts.entries()) {
      ip(['netns', 'add', netns]);
      const peer = ['peer', 'name', 'eth0', 'netns', netns];
      ip(['-n', this.switch, 'link', 'add', 'name', port(name), 'type', 'veth', ...peer]);
      ip(['-n', this.switch, 'link', 'set', port(name), 'master', 'br0', 'up']);
      ip(['-n', netns, 'addr', 'add', `${address}/24`, 'dev', 'eth0']);
      ip(['-n', netns, 'addr', 'add', `fd77::${i + 1}/64`, 'dev', 'eth0', 'nodad']);
      ip(['-n', netns, 'link', 'set', 'lo', 'up']);
      ip(['-n', netns, 'link', 'set', 'eth0', 'up']);
    }
  }

  host(name: string): Host {
    return this.hosts.find((host) => host.name === name)!;
  }

  /** Plugs the cable of a host out, or in again. */
  setCable(name: string, isIn: boolean): void {
    ip(['-n', this.switch, 'link', 'set', port(name), isIn ? 'up' : 'down']);
  }

  /** Runs a program in a host to its end. */
  run(name: string, command: string, ...args: string[]): string {
    const all = ['netns', 'exec', this.host(name).netns, command, ...args];
    return execFileSync('ip', all, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** What programs that are started in a host from now on have in their environment as well. */
  setEnvironment(name: string, environment: NodeJS.ProcessEnv): void {
    this.#environments.set(name, environment);
  }

  /** Starts a program in a host; it ends with the network at the latest. */
  start(name: string, command: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const env = { ...process.env, ...options.env, ...this.#environments.get(name) };
    const args = ['netns', 'exec', this.host(name).netns, ...command];
    const child = spawn('ip', args, { ...options, env });
    this.#children.push(child);
    return child;
  }

  /** Rules of nft(8) at the switch, in place of those before; "" removes them. */
  setRules(rules: string): void {
    const table = rules === '' ? '' : `table bridge lab {\n${rules}\n}`;
    const text = `table bridge lab\ndelete table bridge lab\n${table}\n`;
    execFileSync('ip', ['netns', 'exec', this.switch, 'nft', '-f', '-'], { input: text });
  }

  /** Runs a program beside the bridge. */
  startInSwitch(command: readonly string[]): void {
    const args = ['netns', 'exec', this.switch, ...command];
    this.#children.push(spawn('ip', args, { stdio: 'ignore' }));
  }

  /** Names of the hosts that have an address. */
  owners(address: string): string[] {
    return this.hosts
      .filter(({ netns }) => ip(['-n', netns, '-o', 'addr', 'show']).includes(` ${address}/`))
      .map(({ name }) => name);
  }

  /** Ends every process in its hosts, and removes them. */
  close(): void {
    for (const netns of [...this.hosts.map((host) => host.netns), this.switch]) remove(netns);
  }
}

/** Processes in a namespace. */
export function pidsIn(netns: string): number[] {
  try {
    return ip(['netns', 'pids', netns]).split('\n').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** Removes what processes have left that are gone: a lab that was killed. */
export function sweepNamespaces(): number {
  const gone = ip(['netns', 'list'])
    .split('\n')
    .map((line) => line.split(' ')[0]!)
    .filter((name) => {
      const pid = new RegExp(`^${PREFIX}(\\d+)x`).exec(name)?.[1];
      return pid !== undefined && !isAlive(Number(pid));
    });
  for (const netns of gone) remove(netns);
  return gone.length;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Ends every process in a namespace, and removes it. */
function remove(netns: string): void {
  for (const pid of pidsIn(netns)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has gone by itself.
    }
  }
  try {
    ip(['netns', 'del', netns]);
  } catch {
    // It was never made.
  }
}
