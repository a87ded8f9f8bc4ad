/** Which servers of a pool its balancer may choose, and with which weights. */
import { availabilityTier, isUsable } from '../machine/availability.ts';
import type { Columns } from '../machine/availability.ts';
import type { PoolRuntime, ServerRuntime } from './runtime.ts';
import { noteService, setWeights } from './slow-start.ts';

/** To be called after any column of a server has changed. */
export function applyColumns(pool: PoolRuntime): void {
  const { servers, states } = pool;
  pool.hasLimits = servers.some((server) => server.maxConnections > 0);
  const columns = servers.map(columnsOf);
  const tier = availabilityTier(columns);
  servers.forEach((server, i) => {
    noteService(server);
    states[i]!.isUsable = isUsable(columns[i]!, tier);
  });
  setWeights(pool);
  pool.balancer!.changed();
}

function columnsOf(server: ServerRuntime): Columns {
  return {
    weight: server.weight,
    isBackup: server.plan.backup,
    administrative: server.administrative,
    observed: server.observed,
    isEjected: server.isEjected,
  };
}
