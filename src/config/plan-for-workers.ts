import type { AgentPlan, CheckPlan } from './plan-check.ts';
import type { Plan } from './plan.ts';

function withoutProbe(check: CheckPlan): CheckPlan {
  return { ...check, digest: '', probe: { kind: 'tcp', tls: null, steps: [] } };
}

function withoutText(agent: AgentPlan): AgentPlan {
  return { ...agent, digest: '', send: '' };
}

/**
 * The plan as workers get it: without what only the supervisor does, so that no password of a check
 * is ever in the memory of a process that speaks to clients, nor a digest to try passwords out on.
 * Floating addresses, and their keys, are the guardian's.
 */
export function planForWorkers(plan: Plan): Plan {
  const pools = plan.pools.map((pool) => ({
    ...pool,
    check: pool.check === null ? null : withoutProbe(pool.check),
    agent: pool.agent === null ? null : withoutText(pool.agent),
  }));
  return { ...plan, digest: '', pools, kernel: [], addresses: [] };
}
