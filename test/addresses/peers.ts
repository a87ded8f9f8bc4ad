/** Other people's VRRP on a host: keepalived, and FRR's vrrpd. */
import { execFileSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ip, type Network } from '../kit/netns.ts';

/** A folder that goes when the tests of this file are over. */
function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `ballast-${name}-`));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export type KeepalivedSettings = {
  readonly version?: 2 | 3;
  /** In seconds. */
  readonly interval?: number;
  readonly priority?: number;
  readonly addresses?: readonly string[];
  /** Unicast: from where, and to whom. */
  readonly unicast?: { readonly source: string; readonly peer: string };
  readonly more?: string;
};

export class Keepalived {
  readonly child: ChildProcess;
  said = '';

  constructor(network: Network, host: string, settings: KeepalivedSettings = {}) {
    const folder = temporaryFolder('keepalived');
    const file = join(folder, 'keepalived.conf');
    writeFileSync(file, config(host, settings));
    const pids = ['-p', `${folder}/a`, '-r', `${folder}/b`, '-c', `${folder}/c`];
    this.child = network.start(host, ['keepalived', '-n', '-l', '-P', '-f', file, ...pids], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.on('data', (piece: Buffer) => (this.said += piece.toString()));
    }
  }

  /** Ends it as an operator does: it resigns. */
  stop(): Promise<void> {
    const gone = new Promise<void>((resolve) => this.child.once('exit', () => resolve()));
    this.child.kill('SIGTERM');
    return gone;
  }
}

function config(host: string, settings: KeepalivedSettings): string {
  const { version = 3, interval = 0.1, priority = 100, unicast, more = '' } = settings;
  const { addresses = ['10.77.0.100/24'] } = settings;
  const peers =
    unicast === undefined
      ? ''
      : `unicast_src_ip ${unicast.source}\n  unicast_peer {\n    ${unicast.peer}\n  }`;
  return `global_defs {
  router_id ${host}
  vrrp_version ${version}
}
vrrp_instance front {
  state BACKUP
  interface eth0
  virtual_router_id 51
  priority ${priority}
  advert_int ${interval}
  ${peers}
  virtual_ipaddress {
    ${addresses.join('\n    ')}
  }
  ${more}
}
`;
}

/** FRR's vrrpd, which wants its addresses on a macvlan with the virtual MAC. */
export class Frr {
  readonly child: ChildProcess;
  readonly #network: Network;
  readonly #host: string;
  readonly #zebra: ChildProcess;
  readonly folder = temporaryFolder('frr');
  said = '';

  constructor(network: Network, host: string, priority: number) {
    this.#network = network;
    this.#host = host;
    const { netns } = network.host(host);
    const mac = '00:00:5e:00:01:33';
    const made = ['link', 'eth0', 'address', mac, 'type', 'macvlan'];
    ip(['-n', netns, 'link', 'add', 'vrrp51', ...made, 'mode', 'bridge']);
    ip(['-n', netns, 'addr', 'add', '10.77.0.100/32', 'dev', 'vrrp51']);
    ip(['-n', netns, 'link', 'set', 'vrrp51', 'up']);
    // It gives its rights away before it writes there.
    execFileSync('chown', ['frr:frr', this.folder]);
    const file = join(this.folder, 'frr.conf');
    writeFileSync(
      file,
      `interface eth0
 vrrp 51 version 3
 vrrp 51 priority ${priority}
 vrrp 51 advertisement-interval 100
 vrrp 51 ip 10.77.0.100
`,
    );
    this.#zebra = this.#start('zebra', file, []);
    this.child = this.#start('vrrpd', file, []);
  }

  #start(program: string, file: string, more: readonly string[]): ChildProcess {
    const { folder } = this;
    const own = ['-i', `${folder}/${program}.pid`, '-z', `${folder}/zserv.api`];
    const args = [...own, '--vty_socket', folder, '-A', '127.0.0.1'];
    const child = this.#network.start(
      this.#host,
      [`/usr/lib/frr/${program}`, '-f', file, ...args, '--log', 'stdout', ...more],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.on('data', (piece: Buffer) => (this.said += `${program}: ${piece.toString()}`));
    }
    return child;
  }

  end(): void {
    this.child.kill('SIGKILL');
    this.#zebra.kill('SIGKILL');
  }
}
