import type { ProbePlan } from '../../config/plan-check.ts';
import type { BindPlan } from '../../config/plan.ts';
import type { ProbeResult } from './probe.ts';
import { runProbe } from './run-probe.ts';
import type { Behaviour } from './test-behaviours.ts';
import { TestServer } from './test-server.ts';

/** How often a probe is repeated that was stalled by the machine of the test. */
const STALLS_MAX = 10;

/**
 * Runs one probe to its result, as that of server `a` of pool `p`. One that ends because this
 * process did not run is repeated, as the checker does: a busy machine must not fail a test.
 */
export async function runOnce(
  address: BindPlan,
  probe: ProbePlan,
  timeoutMs = 5000,
  tlsName = address.host,
): Promise<ProbeResult> {
  const target = { address, tlsName, probe, timeoutMs, server: 'a', pool: 'p' };
  for (let stalls = 0; ; stalls++) {
    const result = await new Promise<ProbeResult>((resolve) => {
      runProbe(target, resolve);
    });
    if (result.reason !== 'local-stall' || stalls === STALLS_MAX) return result;
  }
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
