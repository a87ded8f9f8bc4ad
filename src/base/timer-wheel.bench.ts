/**
 * Time of the operations of the timer wheel with 200,000 armed nodes. Run:
 * `node src/base/timer-wheel.bench.ts`.
 */
import { TimerNode, TimerWheel } from './timer-wheel.ts';

const NODES = 200_000;
const OPERATIONS = 2_000_000;

function report(name: string, operations: number, run: () => void): void {
  const start = performance.now();
  run();
  const ns = ((performance.now() - start) * 1e6) / operations;
  process.stdout.write(`${name.padEnd(44)}${ns.toFixed(1).padStart(8)} ns\n`);
}

const startMs = performance.now();
const wheel = new TimerWheel(startMs);
const nodes = Array.from({ length: NODES }, () => new TimerNode());

report('schedule, not armed', NODES, () => {
  for (let i = 0; i < NODES; i++) wheel.schedule(nodes[i]!, startMs + 1000 + (i % 30_000));
});
for (const few of [1000, NODES]) {
  report(`re-arm for later, ${few} nodes in turn`, OPERATIONS, () => {
    for (let i = 0; i < OPERATIONS; i++) {
      wheel.schedule(nodes[i % few]!, startMs + 60_000 + i * 0.01);
    }
  });
}
for (let i = 0; i < 1000; i++) wheel.cancel(nodes[i]!);
report('re-arm for earlier, 1000 nodes in turn', OPERATIONS, () => {
  for (let i = 0; i < OPERATIONS; i++) {
    wheel.schedule(nodes[i % 1000]!, startMs + 60_000 - (i / 1000) * 20);
  }
});
report('cancel and schedule, 1000 nodes in turn', OPERATIONS, () => {
  for (let i = 0; i < OPERATIONS; i++) {
    wheel.cancel(nodes[i % 1000]!);
    wheel.schedule(nodes[i % 1000]!, startMs + 5000 + (i % 50_000));
  }
});
report('nextDueMs', OPERATIONS, () => {
  let sum = 0;
  for (let i = 0; i < OPERATIONS; i++) sum += wheel.nextDueMs();
  if (Number.isNaN(sum)) throw new Error('no time');
});
report('advance, per node that fires', NODES, () => {
  let fired = 0;
  const onDue = (): void => {
    fired++;
  };
  for (let now = startMs; fired < NODES; now += 1) wheel.advance(now, onDue);
});
