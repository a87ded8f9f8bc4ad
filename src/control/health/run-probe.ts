import { unreachable } from '../../base/errors.ts';
import { httpProbe } from './http-probe.ts';
import type { CancelProbe, ProbeResult, ProbeTarget } from './probe.ts';
import { tcpProbe } from './tcp-probe.ts';

/** The `Probe` of a running balancer: real connections, by the kind of the check. */
export function runProbe(target: ProbeTarget, done: (result: ProbeResult) => void): CancelProbe {
  const { kind } = target.probe;
  switch (kind) {
    case 'tcp':
      return tcpProbe(target, done);
    case 'http':
      return httpProbe(target, done);
    default:
      return unreachable(kind);
  }
}
