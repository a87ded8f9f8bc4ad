/** One pool as one map of nftables: for a family, a protocol and a way to choose. Pure. */
import { hashText } from '../balance/hash.ts';
import type { KernelForm, KernelListenerPlan } from '../config/plan-kernel.ts';
import type { PoolPlan, ServerPlan } from '../config/plan.ts';
import { fillSlots, tableSize, sharedSlots } from './slot-table.ts';

export type Family = 'ipv4' | 'ipv6';

export type PoolMap = {
  /** Name within the table: the same for the same pool, whatever else the table has. */
  readonly name: string;
  readonly family: Family;
  readonly protocol: 'tcp' | 'udp';
  readonly hash: KernelListenerPlan['hash'];
  readonly form: KernelForm;
  readonly poolKey: string;
  readonly servers: readonly ServerPlan[];
  /** Owners of the slots while all servers are usable. */
  readonly table: Int32Array;
  readonly seed: number;
};

/** Name of the map that a listener uses for a family: the same for all that share it. */
export function mapName(listener: KernelListenerPlan, pool: PoolPlan, family: Family): string {
  const { protocol, hash, form } = listener;
  const kind = form === 'stateless' ? 'a' : form === 'routed' ? 'r' : 'o';
  const id = hashText(pool.key, 5).toString(16).padStart(8, '0');
  return `${kind}_${id}_${family}_${protocol}_${hash === 'source' ? 's' : 'p'}`;
}

/** The map that a listener uses for its addresses of a family. */
export function poolMap(listener: KernelListenerPlan, pool: PoolPlan, family: Family): PoolMap {
  const { protocol, hash, form } = listener;
  // Sorted: another order in another node's file is no other table.
  const servers = pool.servers
    .filter(({ address }) => address.family === family)
    .toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const slots = servers.map((server) => ({ key: nameOf(server), weight: server.weight }));
  return {
    name: mapName(listener, pool, family),
    family,
    protocol,
    hash,
    form,
    poolKey: pool.key,
    servers,
    table: fillSlots(slots, tableSize(servers.length)),
    // Written, so that all nodes hash alike: the kernel's own is random.
    seed: hashText(pool.key, 6),
  };
}

const nameOf = ({ address }: ServerPlan): string => `${address.host} ${address.port}`;

/** What decides who owns slots. */
export type Owning = {
  readonly isUsable: (serverKey: string) => boolean;
  /** The operator's or the agent's weight, 1 to 256; null: as configured. */
  readonly weightOf: (serverKey: string) => number | null;
  /** The program ends: nothing new is taken. */
  readonly isClosing: boolean;
};

/** The owner of each slot now; -1 where no server is usable. */
export function ownersNow(map: PoolMap, owning: Owning): Int32Array {
  // Stateless has nothing but its slots: it refuses what is new by another way.
  if (owning.isClosing && map.form !== 'stateless') return map.table.map(() => -1);
  const first = ratios(map, owning, false);
  const now = first.some((ratio) => ratio > 0) ? first : ratios(map, owning, true);
  // The one that takes most in proportion takes all of its slots.
  const most = Math.max(...now, 0);
  return sharedSlots(
    map.table,
    now.map((ratio) => (most === 0 ? 0 : ratio / most)),
  );
}

/** What servers take now, as a part of their weight in the file; 0 for those that take nothing. */
function ratios({ servers }: PoolMap, owning: Owning, ofBackups: boolean): number[] {
  return servers.map(({ key, backup, weight }) => {
    if (backup !== ofBackups || weight === 0 || !owning.isUsable(key)) return 0;
    return (owning.weightOf(key) ?? weight) / weight;
  });
}

/**
 * A slot as a key of its map: a traffic class, in which the slot of a packet stands for as long as
 * it is looked up. Packets that are forwarded get another from their type of service, so that
 * nothing of anybody else's is lost, as a packet mark would be.
 */
export function slotKey(slot: number): string {
  return `${(slot >>> 16).toString(16)}:${(slot & 0xffff).toString(16)}`;
}

/** What finds the slot of a packet. */
export function hashExpression({ family, protocol, hash, seed, table }: PoolMap): string {
  const source = family === 'ipv4' ? 'ip saddr' : 'ip6 saddr';
  const what = hash === 'source' ? source : `${source} . ${protocol} sport`;
  return `meta priority set jhash ${what} mod ${table.length} seed 0x${seed.toString(16)}`;
}

/** What a slot maps to: address and port; of the stateless form the address. */
export function slotTarget({ form, servers }: PoolMap, owner: number): string {
  const { host, port } = servers[owner]!.address;
  return form === 'stateless' ? host : `${host} . ${port}`;
}

/** `0:0 : 10.0.0.1 . 80, 0:1 : …` of the slots that have an owner. */
export function elements(map: PoolMap, owners: Int32Array, slots?: readonly number[]): string {
  const parts: string[] = [];
  const add = (slot: number): void => {
    if (owners[slot]! >= 0) parts.push(`${slotKey(slot)} : ${slotTarget(map, owners[slot]!)}`);
  };
  if (slots !== undefined) slots.forEach(add);
  else for (let slot = 0; slot < owners.length; slot++) add(slot);
  return parts.join(', ');
}
