/** What stands in the way of floating addresses. */
import type { Facts } from '../facts.ts';
import { advice, ok, problem, subjectText, sysctlFix, sysctlNumber, unknown } from '../check.ts';
import type { Check, Finding } from '../check.ts';

const entriesOf = ({ plan }: Facts) => plan?.addresses ?? [];

/** Interfaces of floating addresses, each once. */
const interfacesOf = (facts: Facts): string[] => [
  ...new Set(entriesOf(facts).map((entry) => entry.interface)),
];

export const addressRights: Check = {
  name: 'address-rights',
  looksAt: 'CAP_NET_ADMIN and CAP_NET_RAW, where there are floating addresses or `mode: kernel`',
  why: 'Without them no address can be set, and no advertisement sent.',
  remedy: '`AmbientCapabilities=CAP_NET_ADMIN CAP_NET_RAW` in the unit',
  look: (facts) => {
    const needsRaw = entriesOf(facts).length > 0;
    if (!needsRaw && (facts.plan?.kernel.length ?? 0) === 0) return [];
    const { mayAdminNetwork, mayRawNetwork } = facts.subject;
    const missing = [
      ...(mayAdminNetwork ? [] : ['CAP_NET_ADMIN']),
      ...(needsRaw && !mayRawNetwork ? ['CAP_NET_RAW'] : []),
    ];
    if (missing.length === 0) return [ok(`${subjectText(facts)} may set addresses and rules`)];
    const list = missing.join(' ');
    const fix = [
      `AmbientCapabilities=${list} in the unit (systemctl edit ballast), or run as root`,
    ];
    return [problem({ now: `${subjectText(facts)} lacks ${list}`, wanted: list, fix })];
  },
};

export const addressInterface: Check = {
  name: 'address-interface',
  looksAt: 'the interfaces of floating addresses: there, up, with an address of their own',
  why: 'Advertisements come from an address that stays; without one the node is never active.',
  remedy: 'correct `interface`, or give it an address that stays',
  look: (facts) =>
    interfacesOf(facts).map((name): Finding => {
      const found = facts.network.interfaces.find((one) => one.name === name);
      const wanted = 'up, with an address of its own';
      if (found === undefined) {
        const fix = ['correct "interface" in the configuration: "ip link" names what is there'];
        return problem({ now: `there is no interface ${name}, or it is down`, wanted, fix });
      }
      if (found.ownAddresses > 0) return ok(`${name} has an address of its own`);
      const fix = [`ip addr add ADDRESS/LENGTH dev ${name}, and in the network's configuration`];
      return problem({ now: `${name} has no address but floating ones`, wanted, fix });
    }),
};

export const arpFlux: Check = {
  name: 'arp-ignore',
  looksAt:
    '`net.ipv4.conf.all.arp_ignore` and `arp_announce`, with addresses on several interfaces',
  why: 'With several interfaces on one network each answers for the addresses of the others.',
  remedy: '`sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2`',
  look: (facts) => {
    if (interfacesOf(facts).length < 2) return [];
    return [
      ['net.ipv4.conf.all.arp_ignore', 1] as const,
      ['net.ipv4.conf.all.arp_announce', 2] as const,
    ].map(([name, wanted]) => {
      const now = sysctlNumber(facts, name);
      if (now === null) return unknown(`${name} cannot be read`);
      if (now >= wanted) return ok(`${name} is ${now}`);
      const fix = sysctlFix(facts, name, wanted);
      return advice({ now: `${name} is ${now}`, wanted: String(wanted), fix });
    });
  },
};

export const promoteSecondaries: Check = {
  name: 'promote-secondaries',
  looksAt: '`net.ipv4.conf.IF.promote_secondaries` of the interfaces of floating addresses',
  why: "Where it is 0, removing the interface's own address removes the floating ones with it.",
  remedy: '`sysctl -w net.ipv4.conf.IF.promote_secondaries=1`',
  look: (facts) =>
    interfacesOf(facts).flatMap((name) => {
      const key = `net.ipv4.conf.${name}.promote_secondaries`;
      const now = sysctlNumber(facts, key);
      if (now === null) return [];
      if (now === 1) return [ok(`${key} is 1`)];
      return [advice({ now: `${key} is ${now}`, wanted: '1', fix: sysctlFix(facts, key, 1) })];
    }),
};

export const reversePath: Check = {
  name: 'rp-filter',
  looksAt: '`net.ipv4.conf.*.rp_filter`, with `mode: kernel` or a second path',
  why: 'Strict filtering (1) drops packets that come in where answers would not go out.',
  remedy: '`sysctl -w net.ipv4.conf.all.rp_filter=2`',
  look: (facts) => {
    const hasSecond = entriesOf(facts).some(({ vrrp }) => vrrp.second !== null);
    if (!hasSecond && (facts.plan?.kernel.length ?? 0) === 0) return [];
    const names = ['all', ...interfacesOf(facts)].map((name) => `net.ipv4.conf.${name}.rp_filter`);
    const strict = names.filter((name) => sysctlNumber(facts, name) === 1);
    if (strict.length === 0) return [ok('no interface filters strictly by the way back')];
    return strict.map((name) =>
      advice({ now: `${name} is 1`, wanted: '2 or 0', fix: sysctlFix(facts, name, 2) }),
    );
  },
};

export const vrrpFirewall: Check = {
  name: 'vrrp-firewall',
  looksAt: 'rules of nftables that drop protocol 112, or an input policy that does',
  why: 'A node that hears no advertisements takes the other for dead: both would claim.',
  remedy: '`nft insert rule inet filter input meta l4proto 112 accept`',
  look: (facts) => {
    if (entriesOf(facts).length === 0) return [];
    const { vrrpDrops } = facts.network;
    if (vrrpDrops === null) return [unknown('the rules of nftables cannot be read without root')];
    if (vrrpDrops.length === 0) return [ok('no rule drops VRRP')];
    const wanted = 'protocol 112 accepted';
    return vrrpDrops.map(({ chain, why }) =>
      problem({
        now: `${chain} ${why}`,
        wanted,
        fix: [`nft insert rule ${chain} meta l4proto 112 accept`],
      }),
    );
  },
};

const MANAGER_FIX: Readonly<Record<string, string>> = {
  'systemd-networkd': 'KeepConfiguration=yes in the [Network] section of the interface',
  NetworkManager: 'nmcli device set IF managed no, or keep the address out of its connections',
  keepalived: 'stop keepalived for the same addresses: one of the two is to hold them',
};

export const addressManagers: Check = {
  name: 'address-managers',
  looksAt: 'systemd-networkd, NetworkManager and keepalived, where there are floating addresses',
  why: 'They remove addresses that they do not know, or set the same ones.',
  remedy: '`KeepConfiguration=yes`, `nmcli device set IF managed no`, or stopping keepalived',
  look: (facts) => {
    if (entriesOf(facts).length === 0) return [];
    const { managers } = facts.network;
    if (managers.length === 0) return [ok('no other program manages addresses here')];
    return managers.map((name) =>
      advice({
        now: `${name} runs`,
        wanted: 'that it leaves floating addresses alone',
        fix: [MANAGER_FIX[name] ?? `see to it that ${name} leaves them alone`],
      }),
    );
  },
};

export const gateway: Check = {
  name: 'address-gateway',
  looksAt: 'a default gateway or `witnesses`, where there are floating addresses',
  why: 'Who else answers on the link tells a node that is cut off from one whose peer is dead.',
  remedy: '`witnesses: [ADDRESS]` in the entry of `addresses`',
  look: (facts) =>
    entriesOf(facts).flatMap(({ key, witnesses, interface: name }) => {
      if (witnesses.length > 0) return [ok(`${key} has witnesses`)];
      if (facts.network.gatewayInterfaces.includes(name)) return [ok(`${name} has a gateway`)];
      const fix = [`witnesses: [ADDRESS of a host on ${name} that is always there] in "${key}"`];
      const now = `${key}: ${name} has no default gateway, and no witnesses are configured`;
      return [advice({ now, wanted: 'a host that should answer', fix })];
    }),
};
