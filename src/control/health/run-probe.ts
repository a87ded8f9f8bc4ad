import { assert } from '../../base/errors.ts';
import type { ProbePlan } from '../../config/plan-check.ts';
import { httpProbe } from './http-probe.ts';
import type { CancelProbe, Probe, ProbeResult, ProbeTarget } from './probe.ts';
import { tcpProbe } from './tcp-probe.ts';

type Kind = ProbePlan['kind'];

/** Probes whose code is read at the first check of their kind: most balancers need few of them. */
const LOADERS: Partial<Record<Kind, () => Promise<Probe>>> = {};

/** The code that is there. */
const loaded = new Map<Kind, Probe>([
  ['tcp', tcpProbe],
  ['http', httpProbe],
]);

/** The `Probe` of a running balancer: real connections, by the kind of the check. */
export function runProbe(target: ProbeTarget, done: (result: ProbeResult) => void): CancelProbe {
  const probe = loaded.get(target.probe.kind);
  if (probe !== undefined) return probe(target, done);
  let isCancelled = false;
  let cancel = (): void => {
    isCancelled = true;
  };
  load(target.probe.kind).then(
    (late) => {
      if (!isCancelled) cancel = late(target, done);
    },
    (error: unknown) => {
      if (isCancelled) return;
      const detail = `the code of the ${target.probe.kind} check cannot be read: ${String(error)}`;
      done({ passed: false, reason: 'local-setup', detail, durationMs: 0 });
    },
  );
  return () => cancel();
}

async function load(kind: Kind): Promise<Probe> {
  const loader = LOADERS[kind];
  assert(loader !== undefined, `the kind ${kind} has a loader`);
  const probe = await loader();
  loaded.set(kind, probe);
  return probe;
}
