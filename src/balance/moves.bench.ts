/**
 * What the two hashes do with keys, measured: how far the share of the worst server is from its
 * weight; which part of the keys moves, in parts of the share of the one that leaves, when a server
 * fails and when it is taken out of the configuration. Run: `node src/balance/moves.bench.ts`.
 */
import { NONE_TRIED, PoolLoad, ServerState } from './balancer.ts';
import { createBalancer } from './create.ts';
import { mix32 } from './hash.ts';
import type { Balancer } from './balancer.ts';
import type { BalanceOptions } from './create.ts';

const KEYS = 1_000_000;
/** Servers that leave one at a time; the mean of so many is shown. */
const LEAVING = 3;

function make(kind: BalanceOptions['kind'], servers: readonly ServerState[]): Balancer {
  return createBalancer({ kind, boundedLoadPercent: 0 }, servers, new PoolLoad(), 0);
}

function placesOf(balancer: Balancer, servers: readonly ServerState[]): string[] {
  return Array.from({ length: KEYS }, (_, i) => {
    return servers[balancer.pick(NONE_TRIED, 0, mix32(i), 0)]!.identity;
  });
}

function worstShare(places: readonly string[], servers: readonly ServerState[]): number {
  const counts = new Map<string, number>();
  for (const place of places) counts.set(place, (counts.get(place) ?? 0) + 1);
  const mean = places.length / servers.length;
  const off = servers.map(({ identity }) => Math.abs((counts.get(identity) ?? 0) / mean - 1));
  return Math.max(...off);
}

function movedParts(before: readonly string[], after: readonly string[], gone: string): number {
  const own = before.filter((place) => place === gone).length;
  return before.filter((place, i) => place !== after[i]).length / own;
}

process.stdout.write('algorithm  servers  worst share  server fails  server is taken out\n');
for (const kind of ['maglev', 'ring'] as const) {
  for (const count of [3, 10, 30, 100, 300, 1000]) {
    const servers = Array.from({ length: count }, (_, i) => {
      return new ServerState(i, 1, `10.0.${i >> 8}.${i & 255}:8080`);
    });
    const balancer = make(kind, servers);
    const before = placesOf(balancer, servers);
    let failed = 0;
    let removed = 0;
    for (let i = 0; i < LEAVING; i++) {
      const { identity } = servers[i]!;
      servers[i]!.isUsable = false;
      balancer.changed();
      failed += movedParts(before, placesOf(balancer, servers), identity) / LEAVING;
      servers[i]!.isUsable = true;
      balancer.changed();
      const rest = servers
        .filter(({ index }) => index !== i)
        .map((server, index) => new ServerState(index, 1, server.identity));
      removed += movedParts(before, placesOf(make(kind, rest), rest), identity) / LEAVING;
    }
    const off = `${(worstShare(before, servers) * 100).toFixed(1)} %`.padStart(13);
    const cells = `${failed.toFixed(3).padStart(14)}${removed.toFixed(3).padStart(21)}`;
    process.stdout.write(`${kind.padEnd(9)}${String(count).padStart(9)}${off}${cells}\n`);
  }
}
