import type { ProbePlan } from '../../config/plan-check.ts';
import type { BindPlan } from '../../config/plan.ts';
import type { ProbeResult } from './probe.ts';
import { runProbe } from './run-probe.ts';
import type { Behaviour } from './test-behaviours.ts';
import { TestServer } from './test-server.ts';

/** Runs one probe to its result, as that of server `a` of pool `p`. */
export async function runOnce(
  address: BindPlan,
  probe: ProbePlan,
  timeoutMs = 5000,
): Promise<ProbeResult> {
  return new Promise((resolve) => {
    runProbe({ address, probe, timeoutMs, server: 'a', pool: 'p' }, resolve);
  });
}

/** Runs one probe against a server that behaves so; by the end the probe has left it. */
export async function runAgainst(
  behave: Behaviour,
  probe: ProbePlan,
  timeoutMs = 5000,
): Promise<ProbeResult> {
  const server = await TestServer.start(behave);
  try {
    const result = await runOnce(server.address, probe, timeoutMs);
    await server.quiet();
    return result;
  } finally {
    await server.stop();
  }
}
