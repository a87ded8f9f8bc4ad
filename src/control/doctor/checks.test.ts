import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CHECKS, diagnose } from './checks.ts';
import type { Severity } from './check.ts';
import type { Facts } from './facts.ts';
import { BIND, factsWith, FILE, FOLDER, planOf } from './facts-testkit.ts';

const GIB = 1 << 30;
const GROUP = factsWith().cgroup;
const SUBJECT = factsWith().subject;

const refused = (code: string, text = BIND.text): Partial<Facts> => ({
  binds: [{ ...BIND, text, state: 'refused', code, reason: 'the reason', hint: 'the hint' }],
});
const inGroup = (group: Partial<Facts['cgroup']>) => ({ cgroup: { ...GROUP, ...group } });
const folder = (changed: Partial<typeof FOLDER>) => ({ folders: [{ ...FOLDER, ...changed }] });

type Case = {
  readonly check: string;
  readonly severity: Severity;
  readonly changed?: Partial<Facts>;
  readonly sysctls?: Readonly<Record<string, string | null>>;
  /** What the value now and the one wanted, and what the lines that mend it, must say. */
  readonly says: RegExp;
  readonly fix?: RegExp;
};

const bad = (check: string, rest: Omit<Case, 'check' | 'severity'>): Case => ({
  check,
  severity: 'problem',
  ...rest,
});
const poor = (check: string, rest: Omit<Case, 'check' | 'severity'>): Case => ({
  ...bad(check, rest),
  severity: 'advice',
});

const NETWORK = factsWith().network;
const RIGHTS = { ...SUBJECT, mayAdminNetwork: true, mayRawNetwork: true };
const inNetwork = (changed: Partial<Facts['network']>) => ({
  plan: FLOATING,
  subject: RIGHTS,
  network: { ...NETWORK, ...changed },
});

const entry = (on: string, id: number, ip: string): object => ({
  ips: [ip],
  interface: on,
  vrrp: { id },
});

/** Floating addresses on two interfaces, and a listener that the kernel carries. */
const FLOATING = planOf({
  listeners: {
    db: { bind: '10.0.0.100:80', protocol: 'tcp', mode: 'kernel', pool: 'web' },
  },
  addresses: {
    front: entry('eth0', 51, '10.0.0.100/24'),
    inside: { ...entry('eth1', 52, '10.1.0.100/24'), witnesses: ['10.1.0.9'] },
  },
});

const CASES: readonly Case[] = [
  bad('address-rights', {
    changed: { plan: FLOATING },
    says: /lacks CAP_NET_ADMIN CAP_NET_RAW/,
    fix: /AmbientCapabilities=CAP_NET_ADMIN CAP_NET_RAW/,
  }),
  bad('address-interface', {
    changed: inNetwork({ interfaces: [{ name: 'eth1', ownAddresses: 1 }] }),
    says: /there is no interface eth0/,
    fix: /ip link/,
  }),
  bad('address-interface', {
    changed: inNetwork({
      interfaces: [
        { name: 'eth0', ownAddresses: 0 },
        { name: 'eth1', ownAddresses: 1 },
      ],
    }),
    says: /eth0 has no address but floating ones/,
    fix: /ip addr add/,
  }),
  poor('address-gateway', {
    changed: inNetwork({ gatewayInterfaces: [] }),
    says: /front: eth0 has no default gateway/,
    fix: /witnesses: \[/,
  }),
  bad('vrrp-firewall', {
    changed: inNetwork({ vrrpDrops: [{ chain: 'inet filter input', why: 'drops it' }] }),
    says: /inet filter input drops it/,
    fix: /nft insert rule inet filter input meta l4proto 112 accept/,
  }),
  poor('address-managers', {
    changed: inNetwork({ managers: ['systemd-networkd'] }),
    says: /systemd-networkd runs/,
    fix: /KeepConfiguration=yes/,
  }),
  poor('arp-ignore', {
    changed: inNetwork({}),
    sysctls: { 'net.ipv4.conf.all.arp_ignore': '0' },
    says: /arp_ignore is 0; 1/,
    fix: /arp_ignore=1/,
  }),
  poor('promote-secondaries', {
    changed: inNetwork({}),
    sysctls: { 'net.ipv4.conf.eth0.promote_secondaries': '0' },
    says: /promote_secondaries is 0; 1/,
    fix: /eth0\.promote_secondaries=1/,
  }),
  poor('rp-filter', {
    changed: inNetwork({}),
    sysctls: { 'net.ipv4.conf.all.rp_filter': '1' },
    says: /rp_filter is 1; 2 or 0/,
    fix: /rp_filter=2/,
  }),
  bad('nft', {
    changed: inNetwork({ hasNft: false }),
    says: /no program nft/,
    fix: /apt install nftables/,
  }),
  bad('forwarding', {
    changed: inNetwork({}),
    sysctls: { 'net.ipv4.ip_forward': '0' },
    says: /ip_forward is 0; 1/,
    fix: /ip_forward=1/,
  }),
  bad('conntrack-loose', {
    changed: inNetwork({}),
    sysctls: { 'net.netfilter.nf_conntrack_tcp_loose': '0' },
    says: /tcp_loose is 0; 1/,
    fix: /tcp_loose=1/,
  }),
  bad('addresses', {
    changed: refused('BAL_LISTEN_IN_USE'),
    says: /^127\.0\.0\.1:8080 of "web": the reason; free$/,
    fix: /the hint/,
  }),
  bad('ip-nonlocal-bind', {
    changed: refused('BAL_LISTEN_NOT_HERE', '[fd00::1]:80'),
    says: /freebind: true/,
    fix: /"freebind: true" in the listener "web"\nsysctl -w net\.ipv6\.ip_nonlocal_bind=1/,
  }),
  bad('low-ports', {
    changed: refused('BAL_LISTEN_PERMISSION'),
    says: /CAP_NET_BIND_SERVICE/,
    fix: /AmbientCapabilities=CAP_NET_BIND_SERVICE .*\n.*ip_unprivileged_port_start=8080/,
  }),
  bad('files', {
    changed: { files: [{ ...FILE, mode: null, trouble: 'there is no such file' }] },
    says: /\/etc\/key\.pem \(a key\): there is no such file/,
    fix: /chown ballast \/etc\/key\.pem/,
  }),
  bad('secret-files', {
    changed: { files: [{ ...FILE, mode: 0o644 }] },
    says: /has mode 0644; 0640 or less/,
    fix: /chmod o= \/etc\/key\.pem/,
  }),
  bad('folders', { changed: folder({ isThere: false }), says: /not there/, fix: /install -d/ }),
  bad('folders', { changed: folder({ isWritable: false }), says: /cannot be/, fix: /chown/ }),
  bad('disk-space', {
    changed: folder({ freeBytes: 1 << 20 }),
    says: /the state is on \/ \(ext4\): 1 MiB of 100 GiB free/,
    fix: /du -xh/,
  }),
  poor('disk-space', { changed: folder({ freeBytes: GIB }), says: /1 GiB of 100 GiB/ }),
  poor('disk-space', { changed: folder({ fileSystem: 'tmpfs' }), says: /empty after a boot/ }),
  poor('core-dumps', {
    changed: { plan: planOf({ coreDumps: true }) },
    sysctls: { 'kernel.core_pattern': '|/usr/lib/systemd/systemd-coredump' },
    says: /allowed \(kernel\.core_pattern: \|\/usr\/lib\/systemd\/systemd-coredump\); none/,
    fix: /"coreDumps: false"/,
  }),
  bad('open-files', {
    changed: { subject: { ...SUBJECT, openFiles: 256 } },
    says: /this shell may open 256 files: 64 clients per worker; at least 2128/,
    fix: /LimitNOFILE=2128/,
  }),
  poor('open-files', {
    changed: { subject: { ...SUBJECT, pid: 7, openFiles: 1_024 } },
    says: /the Ballast that runs \(pid 7\) may open 1024 files: 448 clients/,
  }),
  bad('file-max', { sysctls: { 'fs.file-max': '8000' }, says: /8512/, fix: /fs\.file-max=8512/ }),
  bad('file-max', { sysctls: { 'fs.nr_open': '2000' }, says: /2128/, fix: /fs\.nr_open=2128/ }),
  bad('tasks', { changed: inGroup({ tasks: 32 }), says: /at most 32/, fix: /TasksMax=84/ }),
  bad('memory', {
    changed: inGroup({ memoryBytes: GIB / 2 }),
    says: /the control group has 512 MiB; 1\.4 GiB/,
    fix: /MemoryMax=1440M .*\n.*bufferMemory: 24MiB/,
  }),
  poor('memory', { changed: inGroup({ memoryBytes: GIB }), says: /has 1 GiB/ }),
  bad('address-space', {
    changed: { subject: { ...SUBJECT, addressSpaceBytes: GIB } },
    says: /limited to 1 GiB; at least 4 GiB/,
    fix: /LimitAS=infinity/,
  }),
  bad('address-space', {
    sysctls: { 'vm.overcommit_memory': '2' },
    says: /8 GiB may still be reserved; 10 GiB for 5 workers/,
    fix: /vm\.overcommit_memory=0/,
  }),
  poor('transparent-huge-pages', {
    changed: { hugePages: 'always' },
    says: /always; madvise or never/,
    fix: /echo madvise/,
  }),
  bad('processors', {
    changed: inGroup({ processors: 1.5 }),
    says: /4 workers on 1\.5 processors; at most 1/,
    fix: /"workers: 1".*\nCPUQuota=400%/,
  }),
  poor('processors', { changed: { cores: 2 }, says: /4 workers on 2 processors; at most 2/ }),
  bad('somaxconn', {
    sysctls: { 'net.core.somaxconn': '128' },
    says: /^net\.core\.somaxconn is 128; at least 4096$/,
    fix: /^sysctl -w net\.core\.somaxconn=4096\necho 'net\.core\.somaxconn = 4096' >> \/etc\/sysctl/,
  }),
  poor('somaxconn', { sysctls: { 'net.core.somaxconn': '2048' }, says: /is 2048/ }),
  poor('tcp-max-syn-backlog', {
    sysctls: { 'net.ipv4.tcp_max_syn_backlog': '128' },
    says: /is 128; at least 1024/,
    fix: /=4096/,
  }),
  bad('tcp-syncookies', {
    sysctls: { 'net.ipv4.tcp_syncookies': '0' },
    says: /is 0; 1/,
    fix: /tcp_syncookies=1/,
  }),
  bad('ip-local-port-range', {
    sysctls: { 'net.ipv4.ip_local_port_range': '60000 60999' },
    says: /1000 ports; one server may get 4000 connections/,
    fix: /sysctl -w net\.ipv4\.ip_local_port_range="1024 65535"/,
  }),
  poor('ip-local-port-range', {
    changed: { plan: planOf({ limits: { connections: 8_000 } }) },
    sysctls: { 'net.ipv4.ip_local_port_range': '32768 60999' },
    says: /28232 ports; one server may get 32000 connections/,
  }),
  poor('ip-local-reserved-ports', {
    sysctls: { 'net.ipv4.ip_local_reserved_ports': '9000-9010' },
    says: /^8080 may be given to outgoing/,
    fix: /ip_local_reserved_ports=9000-9010,8080/,
  }),
  bad('conntrack', {
    changed: { conntrack: { count: 250_000, max: 262_144 } },
    says: /250000 of 262144/,
    fix: /nf_conntrack_max=524288/,
  }),
  poor('conntrack', {
    changed: { conntrack: { count: 0, max: 4_000 } },
    says: /0 of 4000 tracked connections; 8000, two for each client/,
  }),
  poor('rmem-max', {
    sysctls: { 'net.core.rmem_max': '212992' },
    says: /208 KiB; 4 MiB/,
    fix: /rmem_max=4194304/,
  }),
  bad('kernel', {
    changed: { kernel: { release: '4.9.1', major: 4, minor: 9 } },
    says: /Linux 4\.9\.1; 4\.18 or later/,
    fix: /newer kernel/,
  }),
  poor('clock-source', {
    changed: { clock: { source: 'hpet', isSynchronised: true } },
    says: /hpet; tsc/,
  }),
  poor('time-synchronisation', {
    changed: { clock: { source: 'tsc', isSynchronised: false } },
    says: /not synchronised; NTP/,
    fix: /timedatectl set-ntp true/,
  }),
];

for (const { check, severity, changed, sysctls, says, fix } of CASES) {
  test(`${check}: ${severity} where it says ${says.source}`, () => {
    const found = diagnose(factsWith(changed, sysctls)).filter((one) => one.severity === severity);
    assert.deepEqual([...new Set(found.map((one) => one.check))], [check]);
    const [one] = found;
    assert.match(`${one!.now}; ${one!.wanted}`, says);
    assert.match(one!.fix.join('\n'), fix ?? /./);
  });
}

test('every check has a machine on which it is not content', () => {
  const tried = new Set(CASES.map(({ check }) => check));
  const untried = CHECKS.map(({ name }) => name).filter((name) => !tried.has(name));
  assert.deepEqual(untried, []);
});

test('every check is content with a good machine, and says so', () => {
  const found = [...diagnose(factsWith()), ...diagnose(factsWith(inNetwork({})))];
  assert.deepEqual(
    found.filter(({ severity }) => severity !== 'ok'),
    [],
  );
  const silent = CHECKS.map(({ name }) => name).filter((name) =>
    found.every(({ check }) => check !== name),
  );
  // It speaks of addresses that are not here alone.
  assert.deepEqual(silent, ['ip-nonlocal-bind']);
});

test('what cannot be read is unknown, and no problem', () => {
  const dark = { ...factsWith(), sysctl: () => null };
  const clock = { source: null, isSynchronised: null };
  const found = diagnose({ ...dark, plan: null, binds: [], clock, conntrack: null });
  const severities = new Set(found.map(({ severity }) => severity));
  assert.deepEqual([...severities].sort(), ['ok', 'unknown']);
});

test('in a container the lines of kernel parameters say where they belong', () => {
  const facts = factsWith({ isProcSysReadOnly: true }, { 'net.core.somaxconn': '128' });
  const [one] = diagnose(facts).filter(({ severity }) => severity === 'problem');
  assert.match(one!.fix.at(-1)!, /\/proc\/sys is read-only \(a container\)/);
});

test('addresses of the Ballast that runs are as they should be', () => {
  const facts = factsWith({ binds: [{ ...BIND, state: 'ours' }] });
  const [one] = diagnose(facts);
  assert.equal(one!.now, '1 can be had, 1 held by the Ballast that runs');
});
