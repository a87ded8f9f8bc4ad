import { assert } from '../../base/errors.ts';
import { probeConnect } from './connect-probe.ts';
import { ProbeRun } from './probe-run.ts';
import { ProbeSocket } from './probe-socket.ts';
import type { ProbeTalk } from './probe-socket.ts';
import type { CancelProbe, ProbeResult, ProbeTarget } from './probe.ts';
import { TcpScript } from './tcp-script.ts';

const TLS_ONLY: ProbeTalk = {
  connected: ({ run }) => run.pass('connected with TLS'),
  reader: null,
};

/**
 * Passes when a connection is made (with TLS, where configured) and all steps are gone through
 * within the time limit. Called once per probe of a `tcp` check.
 */
export function tcpProbe(target: ProbeTarget, done: (result: ProbeResult) => void): CancelProbe {
  const plan = target.probe;
  assert(plan.kind === 'tcp', 'tcpProbe is given tcp checks only');
  const run = new ProbeRun(target, done);
  if (plan.tls === null && plan.steps.length === 0) {
    probeConnect(run);
  } else {
    const tls = plan.tls === null ? null : { plan: plan.tls, isLater: false };
    new ProbeSocket(run, tls, plan.steps.length === 0 ? TLS_ONLY : new TcpScript(plan.steps));
  }
  return () => run.cancel();
}
