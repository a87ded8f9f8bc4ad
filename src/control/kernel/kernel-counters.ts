import type { PoolMap } from '../../kernel/pool-map.ts';

/** What went to a server by way of the kernel. */
export type ServerCounters = {
  readonly pool: string;
  readonly server: string;
  readonly packets: number;
  readonly bytes: number;
};

type Element = { readonly elem?: { readonly val?: unknown; readonly counter?: Counter } };
type Counter = { readonly packets: number; readonly bytes: number };
type Listed = { readonly set?: { readonly name: string; readonly elem?: readonly Element[] } };

/** Reads the answer of `nft -j list sets`: the counters of our sets, by pool and server. */
export function countersOf(json: string, maps: ReadonlyMap<string, PoolMap>): ServerCounters[] {
  const { nftables } = JSON.parse(json) as { readonly nftables: readonly Listed[] };
  const sums = new Map<string, ServerCounters>();
  for (const { set } of nftables) {
    const map = set === undefined ? undefined : maps.get(set.name.replace(/^s_/, ''));
    if (map === undefined) continue;
    const found = new Map((set?.elem ?? []).map((one) => [targetOf(one), one.elem?.counter]));
    for (const { name, address } of map.servers) {
      const counter = found.get(`${address.host} ${address.port}`);
      if (counter === undefined) continue;
      const key = `${map.poolKey}/${name}`;
      const before = sums.get(key);
      sums.set(key, {
        pool: map.poolKey,
        server: name,
        packets: counter.packets + (before?.packets ?? 0),
        bytes: counter.bytes + (before?.bytes ?? 0),
      });
    }
  }
  return [...sums.values()];
}

function targetOf({ elem }: Element): string {
  const val = elem?.val as { readonly concat?: readonly unknown[] } | undefined;
  return val?.concat?.join(' ') ?? '';
}
