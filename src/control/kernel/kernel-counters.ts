import type { PoolMap } from '../../kernel/pool-map.ts';
import { TABLE_NAME } from '../../kernel/ruleset.ts';

/** What went to a server by way of the kernel. */
export type ServerCounters = {
  readonly pool: string;
  readonly server: string;
  readonly packets: number;
  readonly bytes: number;
};

type Element = { readonly elem?: { readonly val?: unknown; readonly counter?: Counter } };
type Counter = { readonly packets: number; readonly bytes: number };
type ListedSet = {
  readonly table: string;
  readonly name: string;
  readonly elem?: readonly Element[];
};
type Listed = { readonly set?: ListedSet };

/** Reads the answer of `nft -j list sets`: the counters of our sets, by pool and server. */
export function countersOf(json: string, maps: ReadonlyMap<string, PoolMap>): ServerCounters[] {
  const { nftables } = JSON.parse(json) as { readonly nftables: readonly Listed[] };
  /** By server and protocol: each map that has the server counts the same packets. */
  const counted = new Map<string, ServerCounters>();
  for (const { set } of nftables) {
    if (set?.table !== TABLE_NAME) continue;
    const map = maps.get(set.name.replace(/^s_/, ''));
    if (map === undefined) continue;
    const found = new Map((set.elem ?? []).map((one) => [targetOf(one), one.elem?.counter]));
    for (const { name, key, address } of map.servers) {
      const { packets = 0, bytes = 0 } = found.get(`${address.host} ${address.port}`) ?? {};
      const id = `${key} ${map.protocol}`;
      if ((counted.get(id)?.packets ?? -1) >= packets) continue;
      counted.set(id, { pool: map.poolKey, server: name, packets, bytes });
    }
  }
  return sums(counted.values());
}

/** Over the protocols. */
function sums(all: Iterable<ServerCounters>): ServerCounters[] {
  const out = new Map<string, ServerCounters>();
  for (const one of all) {
    const key = `${one.pool}/${one.server}`;
    const before = out.get(key) ?? { packets: 0, bytes: 0 };
    const [packets, bytes] = [before.packets + one.packets, before.bytes + one.bytes];
    out.set(key, { ...one, packets, bytes });
  }
  return [...out.values()];
}

function targetOf({ elem }: Element): string {
  const val = elem?.val as { readonly concat?: readonly unknown[] } | undefined;
  return val?.concat?.join(' ') ?? '';
}
