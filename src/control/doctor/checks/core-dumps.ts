/** Core dumps, in which keys stand. */
import { advice, ok, type Check } from '../check.ts';

export const coreDumps: Check = {
  name: 'core-dumps',
  looksAt: '`coreDumps` of the configuration, and where `kernel.core_pattern` would put a dump',
  why: 'A core dump holds all memory of a process: private keys, ticket keys and passwords too.',
  remedy: '`coreDumps: false`, the default',
  look: ({ plan, sysctl }) => {
    if (plan === null) return [];
    if (!plan.coreDumps) return [ok('processes leave no core dumps')];
    const pattern = sysctl('kernel.core_pattern') ?? 'unknown';
    const now = `core dumps are allowed (kernel.core_pattern: ${pattern})`;
    return [advice({ now, wanted: 'none', fix: ['"coreDumps: false" in the configuration'] })];
  },
};
