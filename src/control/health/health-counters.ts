import { isInconclusive } from './probe.ts';
import type { ProbeReason, ProbeResult } from './probe.ts';

/** Counts of all probes since the start, for the metrics; they only grow. */
export class HealthCounters {
  probes = 0;
  /** Changes of a server's observed state. */
  changes = 0;
  /** By reason; a reason that never occurred is missing. Inconclusive results are in here too. */
  readonly failures = new Map<ProbeReason, number>();
  /** Results that said nothing about the server. */
  inconclusive = 0;

  count(result: ProbeResult): void {
    this.probes++;
    if (result.passed) return;
    this.failures.set(result.reason, (this.failures.get(result.reason) ?? 0) + 1);
    if (isInconclusive(result.reason)) this.inconclusive++;
  }
}
