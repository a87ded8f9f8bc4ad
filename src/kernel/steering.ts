/**
 * Rules during a planned move, in nftables tables of their own. The leaver keeps its addresses for
 * the connections it has, but says nothing about them on the link; the successor hands it what it
 * does not know:
 *
 *   client ──▶ successor ── not a SYN, and in no connection that it has seen ──▶ leaver ──▶ client
 *
 * Everything stands in sets whose elements the kernel forgets by itself when the move is over, even
 * if nobody is left who would remove them. Pure.
 */

export type Steering = {
  readonly role: 'leaver' | 'successor';
  readonly interface: string;
  /** Interfaces that packets to the addresses come in by: that one, and those with a virtual MAC. */
  readonly inputs: readonly string[];
  /** Texts of the floating addresses, both families. */
  readonly ips: readonly string[];
  /** The leaver's own addresses on the link, as texts; null: none of that family. */
  readonly ipv4: string | null;
  readonly linkLocal: string | null;
  /** Gone after so long, in ms. */
  readonly forMs: number;
};

/** A bind of `mode: kernel`: its connections need no steering. */
export type KernelBind = { readonly host: string; readonly port: number };

const FAMILIES = ['ip', 'ip6', 'arp'] as const;
const NAME = 'ballast_move';

const isSix = (ip: string): boolean => ip.includes(':');

/** A connection by its ends: this node's first. */
export type KnownConnection = KernelBind & { readonly peer: string; readonly peerPort: number };

type Excepted = {
  readonly kernel: readonly KernelBind[];
  readonly known: readonly KnownConnection[];
};

/** Removes what a move has left; does nothing where there is none. */
export const STEERING_REMOVAL = FAMILIES.map(
  (family) => `table ${family} ${NAME}\ndelete table ${family} ${NAME}\n`,
).join('');

/**
 * All rules of the moves under way. `known` are connections that this node has from before the rules,
 * so that conntrack has not seen them.
 */
export function steeringRules(
  all: readonly Steering[],
  kernel: readonly KernelBind[],
  known: readonly KnownConnection[] = [],
): string {
  const lines = [STEERING_REMOVAL];
  const leavers = all.filter(({ role }) => role === 'leaver');
  const successors = all.filter(({ role }) => role === 'successor');
  for (const family of ['ip', 'ip6'] as const) {
    const body = [
      ...(family === 'ip' ? [] : silenceSix(leavers)),
      ...successors.flatMap((one, i) => successorRules(family, one, { kernel, known }, i)),
    ];
    if (body.length > 0) lines.push(`table ${family} ${NAME} {`, ...body, '}');
  }
  const silent = elements(leavers, 'ip');
  if (silent !== '') lines.push(`table arp ${NAME} {`, ...silenceFour(silent, leavers), '}');
  return `${lines.join('\n')}\n`;
}

/** The addresses of a family, each with the time after which the kernel forgets it. */
function elements(steerings: readonly Steering[], family: 'ip' | 'ip6'): string {
  const all = steerings.flatMap(({ ips, forMs }) =>
    ips
      .filter((ip) => isSix(ip) === (family === 'ip6'))
      .map((ip) => `${ip} timeout ${Math.max(1, Math.ceil(forMs / 1000))}s`),
  );
  return [...new Set(all)].join(', ');
}

const timedSet = (name: string, type: string, list: string): string[] => [
  `set ${name} {`,
  `type ${type}`,
  'flags timeout',
  `elements = { ${list} }`,
  '}',
];

/** Neither answers for the addresses, nor asks in their name: neighbours learn from both. */
function silenceFour(list: string, leavers: readonly Steering[]): string[] {
  return [
    ...timedSet('silent', 'ipv4_addr', list),
    'chain out { type filter hook output priority 0;',
    'arp operation reply arp saddr ip @silent drop',
    ...leavers.flatMap(({ interface: name, ipv4 }) =>
      ipv4 === null ? [] : [`oifname "${name}" arp saddr ip @silent arp saddr ip set ${ipv4}`],
    ),
    'arp saddr ip @silent drop',
    '}',
  ];
}

function silenceSix(leavers: readonly Steering[]): string[] {
  const list = elements(leavers, 'ip6');
  if (list === '') return [];
  const asks = 'icmpv6 type nd-neighbor-solicit ip6 saddr @silent';
  return [
    ...timedSet('silent', 'ipv6_addr', list),
    'chain out { type filter hook output priority 0;',
    'icmpv6 type nd-neighbor-advert ip6 saddr @silent drop',
    ...leavers.flatMap(({ interface: name, linkLocal }) =>
      linkLocal === null ? [] : [`oifname "${name}" ${asks} ip6 saddr set ${linkLocal}`],
    ),
    `${asks} drop`,
    '}',
  ];
}

function successorRules(
  family: 'ip' | 'ip6',
  steering: Steering,
  { kernel, known }: Excepted,
  number: number,
): string[] {
  const list = elements([steering], family);
  const to = family === 'ip' ? steering.ipv4 : steering.linkLocal;
  if (list === '' || to === null) return [];
  const end = `${family} daddr . tcp dport`;
  const type = family === 'ip' ? 'ipv4_addr' : 'ipv6_addr';
  const isHere = ({ host }: { readonly host: string }): boolean =>
    isSix(host) === (family === 'ip6') && steering.ips.includes(host);
  const ports = kernel.filter(isHere).map(({ host, port }) => `${host} . ${port}`);
  const own = known
    .filter(isHere)
    .map(({ host, port, peer, peerPort }) => `${host} . ${port} . ${peer} . ${peerPort}`);
  return [
    ...timedSet(`moved_${number}`, type, list),
    // After conntrack has looked, before any address is translated.
    `chain steer_${number} { type filter hook prerouting priority -145;`,
    ...(ports.length === 0 ? [] : [`${end} { ${ports.join(', ')} } accept`]),
    ...(own.length === 0
      ? []
      : [`${end} . ${family} saddr . tcp sport { ${own.join(', ')} } accept`]),
    `iifname { ${steering.inputs.map((name) => `"${name}"`).join(', ')} } ${family} daddr @moved_${number} tcp flags & (syn | ack) != syn ` +
      `ct state new,invalid,untracked dup to ${to} device "${steering.interface}" drop`,
    '}',
  ];
}
