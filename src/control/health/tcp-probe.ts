import { assert } from '../../base/errors.ts';
import { ProbeRun } from './probe-run.ts';
import { ProbeSocket } from './probe-socket.ts';
import type { ProbeTalk } from './probe-socket.ts';
import type { CancelProbe, ProbeResult, ProbeTarget } from './probe.ts';
import { TcpScript } from './tcp-script.ts';

const CONNECT_ONLY: ProbeTalk = {
  connected: ({ run, isSecure }) => run.pass(isSecure ? 'connected with TLS' : 'connected', true),
  reader: null,
};

/**
 * Passes when a connection is made and all steps are gone through within the time limit; it is
 * closed by RST at once, so that frequent checks leave no TIME_WAIT behind. Called once per probe
 * of a `tcp` check.
 */
export function tcpProbe(target: ProbeTarget, done: (result: ProbeResult) => void): CancelProbe {
  const plan = target.probe;
  assert(plan.kind === 'tcp', 'tcpProbe is given tcp checks only');
  const run = new ProbeRun(target, done);
  const tls = plan.tls === null ? null : { plan: plan.tls, isLater: false };
  const talk = plan.steps.length === 0 ? CONNECT_ONLY : new TcpScript(plan.steps);
  new ProbeSocket(run, tls, talk);
  return () => run.cancel();
}
