/** What the supervisor tells of the servers: verdicts of checks, and what operators and agents set. */
import { closeOnDown } from './close-on-down.ts';
import { applyColumns } from './pool-availability.ts';
import type { PoolRuntime, ServerRuntime } from './runtime.ts';
import { queues } from './wait-queue.ts';
import type { ServerHealthFrame } from './worker-protocol.ts';
import { worker } from './worker-state.ts';

/** Takes what has changed; servers that are not in the plan are passed over. */
export function takeColumns(
  frames: readonly ServerHealthFrame[],
  plan: { readonly servers: ReadonlyMap<string, ServerRuntime> },
): void {
  const pools = new Set<PoolRuntime>();
  const fallen: ServerRuntime[] = [];
  for (const frame of frames) {
    const server = plan.servers.get(frame.key);
    if (server === undefined || isSame(server, frame)) continue;
    const isDown = frame.state === 'down' && server.observed !== 'down';
    const isOut = frame.administrative === 'maintenance' && server.administrative !== 'maintenance';
    if (isDown || isOut) fallen.push(server);
    server.observed = frame.state;
    server.administrative = frame.administrative;
    server.weightSet = frame.weight;
    server.maxConnectionsSet = frame.maxConnections;
    server.maxConnections = frame.maxConnections ?? server.plan.maxConnections;
    pools.add(server.pool);
  }
  for (const pool of pools) {
    applyColumns(pool);
    if (pool.queue.count > 0) queues.pools.add(pool);
  }
  const { current } = worker;
  for (const server of fallen) closeOnDown(server);
  worker.current = current;
}

function isSame(server: ServerRuntime, frame: ServerHealthFrame): boolean {
  return (
    server.observed === frame.state &&
    server.administrative === frame.administrative &&
    server.weightSet === frame.weight &&
    server.maxConnectionsSet === frame.maxConnections
  );
}
