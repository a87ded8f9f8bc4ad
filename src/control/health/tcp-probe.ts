import { ProbeSocket } from './probe-socket.ts';
import type { ProbeTalk } from './probe-socket.ts';
import type { CancelProbe, ProbeResult, ProbeTarget } from './probe.ts';

const TCP_TALK: ProbeTalk = {
  connected: (probe) => probe.finish('check-passed', 'connected', true),
  reader: null,
};

/**
 * Passes when a connection is made within the time limit; it is closed by RST at once, so that
 * frequent checks leave no TIME_WAIT behind. Called once per probe of a `tcp` check.
 */
export function tcpProbe(target: ProbeTarget, done: (result: ProbeResult) => void): CancelProbe {
  const probe = new ProbeSocket(target, TCP_TALK, done);
  return () => probe.cancel();
}
