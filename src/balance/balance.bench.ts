/**
 * Time of one pick by algorithm and size of the pool, with one server in ten full in the last
 * column, and of `changed`. Run: `node src/balance/balance.bench.ts`.
 */
import { NONE_TRIED, PoolLoad, ServerState } from './balancer.ts';
import { createBalancer } from './create.ts';
import type { Balancer } from './balancer.ts';
import type { BalanceOptions } from './create.ts';

const PICKS = 500_000;
const ROUNDS = 5;

function pickNanoseconds(balancer: Balancer): number {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    for (let i = 0; i < PICKS; i++) {
      if (balancer.pick(NONE_TRIED, 0, 0, 0) < 0) throw new Error('no server');
    }
    best = Math.min(best, ((performance.now() - start) * 1e6) / PICKS);
  }
  return best;
}

function changedMicroseconds(balancer: Balancer): number {
  const calls = 50;
  const start = performance.now();
  for (let i = 0; i < calls; i++) balancer.changed();
  return ((performance.now() - start) * 1000) / calls;
}

process.stdout.write('algorithm        servers   ns/pick   ns, 10% full   µs/changed\n');
for (const kind of ['round-robin', 'random-of-two'] satisfies BalanceOptions['kind'][]) {
  for (const count of [1, 3, 10, 16, 17, 1000, 10_000]) {
    const servers = Array.from({ length: count }, (_, i) => new ServerState(i, 1 + (i % 3)));
    const balancer = createBalancer({ kind, boundedLoadPercent: 0 }, servers, new PoolLoad(), 1);
    const free = pickNanoseconds(balancer);
    for (const server of servers) server.isFull = server.index % 10 === 1;
    const full = pickNanoseconds(balancer);
    const changed = changedMicroseconds(balancer);
    const cells = [count.toFixed(0).padStart(8), free.toFixed(1).padStart(10)];
    cells.push(full.toFixed(1).padStart(15), changed.toFixed(1).padStart(13));
    process.stdout.write(`${kind.padEnd(16)}${cells.join('')}\n`);
  }
}
