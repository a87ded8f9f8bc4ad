/**
 * Listeners and pools as the text of an nftables table of our own, replaced in one transaction. Pure:
 * the same plan gives the same text on every node, but for what is known of the servers.
 *
 *   prerouting    a packet to a listener is sent to the server of its hash (dnat, or set); one-armed:
 *                 what a server says on a connection this node has not seen yet waits for the client
 *   postrouting   one-armed: from the inside address; routed: what a server says first is from the
 *                 listener's address, so that a connection that this node has never seen goes on
 */
import type { KernelListenerPlan } from '../config/plan-kernel.ts';
import type { Plan } from '../config/plan.ts';
import { elements, hashExpression, mapName, ownersNow, poolMap } from './pool-map.ts';
import type { Family, Owning, PoolMap } from './pool-map.ts';

/** The table, of family inet. */
export const TABLE_NAME = 'ballast';
export const TABLE = `inet ${TABLE_NAME}`;

export type KernelRules = {
  /** By name. */
  readonly maps: ReadonlyMap<string, PoolMap>;
  /** The owners of each map's slots, as they stand in `text`. */
  readonly owners: ReadonlyMap<string, Int32Array>;
  /** For nft(8). */
  readonly text: string;
};

export type RuleFacts = Owning & {
  /** Id of the process that keeps the rules. */
  readonly keeper: number;
  /** Servers whose connections are to be reset, as `host . port`, by family and protocol. */
  readonly dead: (family: Family, protocol: 'tcp' | 'udp') => readonly string[];
  /** Maps before the servers changed, by name. Empty most of the time. */
  readonly previous: ReadonlyMap<string, PreviousMap>;
};

/** Connections in the middle, which this node has never seen, go by what was in force before. */
export type PreviousMap = { readonly map: PoolMap; readonly owners: Int32Array };

const FAMILIES: readonly Family[] = ['ipv4', 'ipv6'];
const IP = { ipv4: 'ip', ipv6: 'ip6' } as const;
const PROTOCOLS = ['tcp', 'udp'] as const;

/** Beginning of the name of a chain that ends in the id of the process that keeps the rules. */
export const KEEPER_PREFIX = 'kept_by_';

/** Removes the table; does nothing where there is none. */
export const REMOVAL = `table ${TABLE}\ndelete table ${TABLE}\n`;

/** The whole table. */
export function kernelRules(plan: Plan, facts: RuleFacts): KernelRules {
  const made = new Map<string, PoolMap>();
  const uses = plan.kernel.flatMap((listener) =>
    FAMILIES.flatMap((family) => {
      const binds = listener.binds.filter((bind) => bind.family === family);
      const map = cached(made, listener, plan, family);
      return binds.map((bind) => ({ listener, map, to: `${bind.host}`, port: bind.port }));
    }),
  );
  const maps = new Map(uses.map(({ map }) => [map.name, map]));
  const owners = new Map([...maps].map(([name, map]) => [name, ownersNow(map, facts)]));
  const lines = [
    `table ${TABLE}`,
    `delete table ${TABLE}`,
    `table ${TABLE} {`,
    ...[...maps.values()].flatMap((map) => [
      ...mapLines(map, map.name, owners.get(map.name)!),
      ...serverSet(map, facts),
    ]),
    ...[...facts.previous]
      .filter(([name]) => maps.has(name))
      .flatMap(([name, before]) => mapLines(before.map, `${name}_prev`, before.owners)),
    ...FAMILIES.flatMap((family) => PROTOCOLS.map((protocol) => deadSet(family, protocol, facts))),
    ...reverseMaps(uses, facts),
    // Empty, and never passed: it says whose the rules are.
    ...[`chain ${KEEPER_PREFIX}${facts.keeper} {`, '}'],
    ...chains(uses, facts),
    '}',
    '',
  ];
  return { maps, owners, text: lines.join('\n') };
}

/** Listeners of one pool share its map. */
function cached(
  made: Map<string, PoolMap>,
  listener: KernelListenerPlan,
  { pools }: Plan,
  family: Family,
): PoolMap {
  const pool = pools[listener.pool]!;
  const name = mapName(listener, pool, family);
  const map = made.get(name) ?? poolMap(listener, pool, family);
  made.set(name, map);
  return map;
}

type Use = {
  readonly listener: KernelListenerPlan;
  readonly map: PoolMap;
  readonly to: string;
  readonly port: number;
};

function mapLines(map: PoolMap, name: string, owners: Int32Array): string[] {
  const list = elements(map, owners);
  return [
    `map ${name} {`,
    `type classid : ${map.family}_addr${map.form === 'stateless' ? '' : ' . inet_service'}`,
    ...(list === '' ? [] : [`elements = { ${list} }`]),
    '}',
  ];
}

/** The servers of a map, each with a counter of what goes to it. */
function serverSet(map: PoolMap, facts: RuleFacts): string[] {
  const list = [...new Set(serverTexts(map, facts))].join(', ');
  return [
    `set s_${map.name} {`,
    `type ${map.family}_addr . inet_service`,
    'counter',
    ...(list === '' ? [] : [`elements = { ${list} }`]),
    '}',
  ];
}

/** Servers of a map, with those that have left it lately and have connections still. */
function serverTexts({ name, form, servers }: PoolMap, { previous }: RuleFacts): string[] {
  const left = form === 'stateless' ? [] : (previous.get(name)?.map.servers ?? []);
  return [...servers, ...left].map(({ address }) => `${address.host} . ${address.port}`);
}

/** Name of the set of servers whose connections are reset. */
export const deadSetName = (family: Family, protocol: string): string =>
  `dead_${family}_${protocol}`;

function deadSet(family: Family, protocol: 'tcp' | 'udp', facts: RuleFacts): string {
  const list = facts.dead(family, protocol);
  const body = list.length === 0 ? '' : `elements = { ${list.join(', ')} }\n`;
  const name = deadSetName(family, protocol);
  return `set ${name} {\ntype ${family}_addr . inet_service\n${body}}`;
}

/**
 * Routed: which listener a server's packets come from. Where there are several, only the client can
 * tell: of TCP what the server says first waits (w_…); of UDP the first listener is taken.
 */
function reverseMaps(uses: readonly Use[], facts: RuleFacts): string[] {
  const lines: string[] = [];
  for (const family of FAMILIES) {
    for (const protocol of PROTOCOLS) {
      const found = listenersOf(uses, facts, { family, protocol });
      if (found.size === 0) continue;
      const shared = [...found].filter(isShared).map(([server]) => server);
      const list = [...found]
        .filter((one) => protocol === 'udp' || !isShared(one))
        .map(([server, [first]]) => `${server} : ${first}`);
      const type = `${family}_addr . inet_service`;
      lines.push(...collection(`map r_${family}_${protocol}`, `${type} : ${type}`, list));
      if (protocol === 'tcp' && shared.length > 0)
        lines.push(...collection(`set w_${family}_tcp`, type, shared));
    }
  }
  return lines;
}

type Kind = { readonly family: Family; readonly protocol: 'tcp' | 'udp' };

/** Routed: the addresses and ports of listeners by server. */
function listenersOf(
  uses: readonly Use[],
  facts: RuleFacts,
  { family, protocol }: Kind,
): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const { map, to, port } of uses) {
    if (map.family !== family || map.protocol !== protocol || map.form !== 'routed') continue;
    for (const server of serverTexts(map, facts)) {
      found.set(server, (found.get(server) ?? new Set()).add(`${to} . ${port}`));
    }
  }
  return found;
}

const isShared = ([, listeners]: [string, Set<string>]): boolean => listeners.size > 1;

function collection(name: string, type: string, all: readonly string[]): string[] {
  const list = all.length === 0 ? [] : [`elements = { ${all.join(', ')} }`];
  return [`${name} {`, `type ${type}`, ...list, '}'];
}

function chains(uses: readonly Use[], facts: RuleFacts): string[] {
  const stateful = uses.filter(({ map }) => map.form !== 'stateless');
  const stateless = uses.filter(({ map }) => map.form === 'stateless');
  return [
    ...chain(
      'prerouting_raw',
      'filter hook prerouting priority -300',
      stateless.flatMap(untracked),
    ),
    ...chain('prerouting_set', 'filter hook prerouting priority -150', [
      ...stateless.map((use) => setRule(use, facts)),
      ...unique(stateful.flatMap(waitRule)),
      ...FAMILIES.flatMap((family) => sharedRule(family, uses, facts)),
    ]),
    ...chain(
      'prerouting_nat',
      'nat hook prerouting priority -105',
      stateful.flatMap((use) => dnatRules(use, facts)),
    ),
    // Of one hook: each costs every packet something.
    ...chain('forward', 'filter hook forward priority -5', [
      ...resets(uses),
      ...unique(uses.map(countRule)),
    ]),
    ...chain('postrouting_nat', 'nat hook postrouting priority 95', [
      ...unique(stateful.flatMap(snatRule)),
      ...unique(stateful.flatMap(reverseRule)),
    ]),
    ...chain(
      'postrouting_set',
      'filter hook postrouting priority 90',
      unique(stateless.map(unsetRule)),
    ),
  ];
}

const unique = (lines: readonly string[]): string[] => [...new Set(lines)];

function chain(name: string, hook: string, rules: readonly string[]): string[] {
  if (rules.length === 0) return [];
  return [`chain ${name} {`, `type ${hook}; policy accept;`, ...rules, '}'];
}

const match = ({ map, to, port }: Use): string =>
  `${IP[map.family]} daddr ${to} ${map.protocol} dport ${port}`;

function dnatRules(use: Use, facts: RuleFacts): string[] {
  const { map } = use;
  const dnat = (by: PoolMap, name: string): string =>
    `${hashExpression(by)} dnat ${IP[map.family]} to meta priority map @${name}`;
  const rules = [`${match(use)} ${dnat(map, map.name)}`];
  const before = facts.previous.get(map.name);
  if (before !== undefined && map.protocol === 'tcp') {
    // In the middle of a connection: as it was before the servers changed.
    const middle = `${match(use)} tcp flags & (syn | ack) != syn`;
    rules.unshift(`${middle} ${dnat(before.map, `${map.name}_prev`)}`);
  }
  return rules;
}

function snatRule({ listener, map }: Use): string[] {
  const inside = listener.inside.find(({ family }) => family === map.family);
  if (map.form !== 'one-armed' || inside === undefined) return [];
  const ip = IP[map.family];
  return [
    `ct status dnat ${ip} daddr . ${map.protocol} dport @s_${map.name} snat ${ip} to ${inside.host}`,
  ];
}

/**
 * Without it the kernel would answer such a packet with a reset, and the connection that was to live
 * on would end at the server. Dropped before conntrack confirms an entry, it takes no port either.
 */
function waitRule({ listener, map }: Use): string[] {
  const inside = listener.inside.find(({ family }) => family === map.family);
  if (map.form !== 'one-armed' || inside === undefined) return [];
  const ip = IP[map.family];
  const from = `${ip} daddr ${inside.host} ${ip} saddr . ${map.protocol} sport @s_${map.name}`;
  const middle = map.protocol === 'tcp' ? ' tcp flags & (syn | rst) == 0' : '';
  return [`${from}${middle} ct state new,invalid drop`];
}

/** What a server of several listeners says first waits for the client, as in one-armed. */
function sharedRule(family: Family, uses: readonly Use[], facts: RuleFacts): string[] {
  if (![...listenersOf(uses, facts, { family, protocol: 'tcp' })].some(isShared)) return [];
  const from = `${IP[family]} saddr . tcp sport @w_${family}_tcp`;
  return [`${from} tcp flags & (syn | rst) == 0 ct state new,invalid drop`];
}

function reverseRule({ map }: Use): string[] {
  if (map.form !== 'routed' || map.servers.length === 0) return [];
  const { family, protocol } = map;
  const ip = IP[family];
  return [
    `meta l4proto ${protocol} snat ${ip} to ${ip} saddr . ${protocol} sport map @r_${family}_${protocol}`,
  ];
}

function untracked(use: Use): string[] {
  const { map } = use;
  return [
    `${match(use)} notrack`,
    `${IP[map.family]} saddr . ${map.protocol} sport @s_${map.name} notrack`,
  ];
}

function setRule(use: Use, { isClosing }: RuleFacts): string {
  const { map } = use;
  const known = isClosing && map.protocol === 'tcp' ? ' tcp flags & (syn | ack) != syn' : '';
  const port = map.servers[0]?.address.port ?? use.port;
  const address = `${IP[map.family]} daddr set meta priority map @${map.name}`;
  return `${match(use)}${known} ${hashExpression(map)} ${address} ${map.protocol} dport set ${port}`;
}

function unsetRule({ map, to, port }: Use): string {
  const ip = IP[map.family];
  const from = `${ip} saddr . ${map.protocol} sport @s_${map.name}`;
  return `${from} ${ip} saddr set ${to} ${map.protocol} sport set ${port}`;
}

const countRule = ({ map }: Use): string =>
  `${IP[map.family]} daddr . ${map.protocol} dport @s_${map.name}`;

function resets(uses: readonly Use[]): string[] {
  const pairs = unique(uses.map(({ map }) => `${map.family} ${map.protocol}`));
  return pairs.map((pair) => {
    const [family, protocol] = pair.split(' ') as [Family, 'tcp' | 'udp'];
    const to = `${IP[family]} daddr . ${protocol} dport @${deadSetName(family, protocol)}`;
    return protocol === 'tcp' ? `${to} reject with tcp reset` : `${to} drop`;
  });
}
