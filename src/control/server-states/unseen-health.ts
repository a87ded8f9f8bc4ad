/** Servers of which no check has said anything yet, and frames of plans that are not in force. */
import type { Plan, PoolPlan, ServerPlan } from '../../config/plan.ts';
import type { Observed } from '../../machine/health.ts';
import type { ServerHealthFrame } from '../../plane/worker-protocol.ts';
import type { ServerHealth } from '../health/server-check.ts';
import type { AgentView } from './agent/agent-state.ts';
import { combine, SILENT_AGENT } from './columns.ts';
import type { OperatorColumn } from './columns.ts';
import type { Cause } from './state-reporter.ts';

/** Health of a server that nobody speaks for. */
export function unseenHealth(pool: PoolPlan, server: ServerPlan, why: Cause): ServerHealth {
  return {
    serverKey: server.key,
    poolKey: pool.key,
    weight: server.weight,
    observed: 'unknown',
    reason: why.reason,
    detail: why.detail,
    sinceMs: 0,
    streak: 0,
    isChecked: false,
    lastProbe: null,
    probes: 0,
    failures: 0,
  };
}

/** What is known of servers by their keys. */
export type Knowledge = {
  readonly known: (key: string) => ServerHealth | null;
  readonly operator: (key: string) => OperatorColumn;
  readonly agent: (key: string) => AgentView | null;
};

/**
 * What workers are told of the servers of a plan together with it: a server that comes back is
 * drained from its first moment on if it was when it went.
 */
export function framesOf(plan: Plan, { known, operator, agent }: Knowledge): ServerHealthFrame[] {
  const frames: ServerHealthFrame[] = [];
  for (const pool of plan.pools) {
    const start = startOf(pool);
    for (const { key, weight } of pool.servers) {
      const combined = combine({
        configuredWeight: weight,
        operator: operator(key),
        agent: agent(key)?.column ?? SILENT_AGENT,
        check: known(key)?.observed ?? start,
      });
      frames.push({ key, ...combined });
    }
  }
  return frames;
}

function startOf({ check, verdictsOf }: PoolPlan): Observed {
  if (check !== null) return check.start;
  return verdictsOf === null ? 'up' : 'unknown';
}
