/**
 * Time of one pick by algorithm and size of the pool: all servers free; one in ten full; one in two
 * not usable. Then what `changed` costs where a server has failed and where a weight has changed, and
 * making the balancer. Weights 1 to 3, keys at random. Run: `node src/balance/balance.bench.ts`.
 */
import { NONE_TRIED, PoolLoad, ServerState } from './balancer.ts';
import { createBalancer } from './create.ts';
import { noteLatency } from './least-time.ts';
import { Xorshift } from './xorshift.ts';
import type { Balancer } from './balancer.ts';
import type { BalanceOptions } from './create.ts';

const PICKS = 200_000;
const ROUNDS = 3;
const CASES: readonly BalanceOptions[] = [
  { kind: 'round-robin', boundedLoadPercent: 0 },
  { kind: 'random-of-two', boundedLoadPercent: 0 },
  { kind: 'least-connections', boundedLoadPercent: 0 },
  { kind: 'least-time', boundedLoadPercent: 0 },
  { kind: 'first', boundedLoadPercent: 0 },
  { kind: 'maglev', boundedLoadPercent: 0 },
  { kind: 'maglev', boundedLoadPercent: 125 },
  { kind: 'ring', boundedLoadPercent: 0 },
  { kind: 'ring', boundedLoadPercent: 125 },
];

/** With the place that is taken on the server and given back, as the data plane does it. */
function pickNanoseconds(balancer: Balancer, servers: readonly ServerState[]): number {
  const held = new Int32Array(servers.length);
  const keys = new Xorshift(1);
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    for (let i = 0; i < PICKS; i++) {
      const index = balancer.pick(NONE_TRIED, 0, keys.next(), 1000);
      if (index < 0) throw new Error('no server');
      const at = i % held.length;
      setLive(balancer, servers[held[at]!]!, -1);
      setLive(balancer, servers[index]!, 1);
      held[at] = index;
    }
    best = Math.min(best, ((performance.now() - start) * 1e6) / PICKS);
  }
  return best;
}

function setLive(balancer: Balancer, server: ServerState, by: number): void {
  server.live += by;
  if (balancer.tracksLive) balancer.liveChanged(server.index);
}

function changedMicroseconds(balancer: Balancer, change: (call: number) => void): number {
  let best = Infinity;
  for (let i = 0; i < 6; i++) {
    change(i);
    const start = performance.now();
    balancer.changed();
    best = Math.min(best, (performance.now() - start) * 1000);
  }
  return best;
}

const TITLES = ['ns/pick', '10% full', '50% down', 'µs fails', 'µs weight', 'ms made'];
const head = TITLES.map((title) => title.padStart(10)).join('');
process.stdout.write(`${'algorithm'.padEnd(22)}${'servers'.padStart(8)}${head}\n`);
for (const options of CASES) {
  for (const count of [3, 10, 100, 1000, 10_000]) measure(options, count);
}

function measure(options: BalanceOptions, count: number): void {
  const servers = Array.from({ length: count }, (_, i) => {
    return new ServerState(i, 1 + (i % 3), `10.0.${i >> 8}.${i & 255}:8080`);
  });
  const load = new PoolLoad();
  for (const server of servers) {
    server.live = 10;
    load.live += 10;
    noteLatency(server, 1000 + (server.index % 7) * 100, 900);
  }
  let madeMs = Infinity;
  let balancer = createBalancer(options, servers, load, 1);
  for (let i = 0; i < 3; i++) {
    const start = performance.now();
    balancer = createBalancer(options, servers, load, 1);
    madeMs = Math.min(madeMs, performance.now() - start);
  }
  const free = pickNanoseconds(balancer, servers);
  for (const server of servers) server.isFull = server.index % 10 === 1;
  const full = pickNanoseconds(balancer, servers);
  for (const server of servers) {
    server.isFull = false;
    server.isUsable = server.index % 2 === 0;
  }
  balancer.changed();
  const down = pickNanoseconds(balancer, servers);
  const failed = changedMicroseconds(balancer, (i) => (servers[0]!.isUsable = i % 2 === 1));
  const weight = changedMicroseconds(balancer, (i) => (servers[0]!.weight = 2 + (i % 2)));
  const cells = [free, full, down, failed, weight].map((value) => value.toFixed(1));
  cells.push(madeMs.toFixed(2));
  const { kind, boundedLoadPercent } = options;
  const name = boundedLoadPercent > 0 ? `${kind}, ${boundedLoadPercent} %` : kind;
  const line = cells.map((cell) => cell.padStart(10)).join('');
  process.stdout.write(`${name.padEnd(22)}${String(count).padStart(8)}${line}\n`);
}
