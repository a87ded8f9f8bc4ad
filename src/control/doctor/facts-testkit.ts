/** A made-up machine on which nothing is wrong, and a plan for it. */
import { loadConfig } from '../../config/load.ts';
import type { Plan } from '../../config/plan.ts';
import type { BindFact, Facts, FileFact, FolderFact } from './facts.ts';

const GIB = 1 << 30;

const SYSCTLS: Readonly<Record<string, string>> = {
  'net.core.somaxconn': '4096',
  'net.ipv4.tcp_max_syn_backlog': '2048',
  'net.ipv4.tcp_syncookies': '1',
  'net.ipv4.ip_local_port_range': '1024\t65535',
  'net.ipv4.ip_local_reserved_ports': '1024-65535',
  'net.core.rmem_max': '4194304',
  'fs.file-max': '9000000',
  'fs.nr_open': '1048576',
  'vm.overcommit_memory': '0',
  'net.ipv4.conf.all.arp_ignore': '1',
  'net.ipv4.conf.all.arp_announce': '2',
  'net.ipv4.conf.all.rp_filter': '0',
  'net.ipv4.conf.eth0.rp_filter': '0',
  'net.ipv4.conf.eth0.promote_secondaries': '1',
  'net.ipv4.ip_forward': '1',
  'net.ipv6.conf.all.forwarding': '1',
  'net.netfilter.nf_conntrack_tcp_loose': '1',
  'net.netfilter.nf_conntrack_tcp_be_liberal': '1',
};

/** A plan of one http and one udp listener, 4 workers and 1,000 clients for each. */
export function planOf(top: object = {}): Plan {
  const text = JSON.stringify({
    workers: 4,
    limits: { connections: 1_000 },
    listeners: {
      web: { bind: '127.0.0.1:8080', pool: 'web' },
      dns: { bind: '127.0.0.1:53', protocol: 'udp', pool: 'web' },
    },
    pools: { web: { servers: ['127.0.0.1:1'] } },
    ...top,
  });
  const { plan } = loadConfig(text, '/b.yaml', { readFile: () => null, cores: 4 });
  return plan!;
}

export const BIND: BindFact = {
  user: 'web',
  text: '127.0.0.1:8080',
  port: 8080,
  state: 'free',
  code: '',
  reason: '',
  hint: '',
};

export const FILE: FileFact = {
  path: '/etc/key.pem',
  use: 'a key',
  isSecret: true,
  mode: 0o640,
  trouble: '',
};

export const FOLDER: FolderFact = {
  path: '/var/lib/ballast',
  use: 'state',
  isThere: true,
  isWritable: true,
  freeBytes: 50 * GIB,
  totalBytes: 100 * GIB,
  mountPoint: '/',
  fileSystem: 'ext4',
};

/** The machine with some facts changed, and some kernel parameters. */
export function factsWith(
  changed: Partial<Facts> = {},
  sysctls: Readonly<Record<string, string | null>> = {},
): Facts {
  const all: Readonly<Record<string, string | null>> = { ...SYSCTLS, ...sysctls };
  return {
    plan: planOf(),
    subject: {
      pid: 0,
      mayAdminNetwork: false,
      mayRawNetwork: false,
      openFiles: 65_536,
      addressSpaceBytes: Infinity,
    },
    sysctl: (name) => all[name] ?? null,
    isProcSysReadOnly: false,
    kernel: { release: '6.1.0', major: 6, minor: 1 },
    cores: 4,
    cgroup: { memoryBytes: Infinity, processors: Infinity, tasks: Infinity },
    memory: { totalBytes: 16 * GIB, availableBytes: 8 * GIB, commitLeftBytes: 8 * GIB },
    binds: [BIND],
    files: [FILE],
    folders: [FOLDER, { ...FOLDER, use: 'log' }],
    conntrack: { count: 10, max: 262_144 },
    network: {
      interfaces: [
        { name: 'eth0', ownAddresses: 1 },
        { name: 'eth1', ownAddresses: 1 },
      ],
      gatewayInterfaces: ['eth0'],
      managers: [],
      vrrpDrops: [],
      hasNft: true,
    },
    clock: { source: 'tsc', isSynchronised: true },
    hugePages: 'madvise',
    ...changed,
  };
}
