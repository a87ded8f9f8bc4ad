/** All checks of `ballast doctor`, in the order of the report. A new one is a line here. */
import type { Check, Finding } from './check.ts';
import { addressesFree, addressesHere, lowPorts } from './checks/addresses.ts';
import { coreDumps } from './checks/core-dumps.ts';
import { openFiles, systemFiles, tasks } from './checks/descriptors.ts';
import { diskSpace, filesReadable, foldersWritable, secretFiles } from './checks/files.ts';
import { addressInterface, addressManagers, addressRights, arpFlux } from './checks/floating.ts';
import { gateway, promoteSecondaries, reversePath, vrrpFirewall } from './checks/floating.ts';
import { forwarding, looseTracking, nftThere } from './checks/kernel-mode.ts';
import { addressSpace, hugePages, memory } from './checks/memory.ts';
import { conntrack, datagramBuffers, kernelVersion } from './checks/network.ts';
import { localPortRange, reservedPorts } from './checks/ports.ts';
import { clockSource, processors, timeSynchronisation } from './checks/processor.ts';
import { somaxconn, synBacklog, synCookies } from './checks/queues.ts';
import type { Facts } from './facts.ts';

export const CHECKS: readonly Check[] = [
  addressesFree,
  addressesHere,
  lowPorts,
  filesReadable,
  secretFiles,
  foldersWritable,
  diskSpace,
  coreDumps,
  openFiles,
  systemFiles,
  tasks,
  memory,
  addressSpace,
  hugePages,
  processors,
  somaxconn,
  synBacklog,
  synCookies,
  localPortRange,
  reservedPorts,
  conntrack,
  datagramBuffers,
  kernelVersion,
  clockSource,
  timeSynchronisation,
  addressRights,
  addressInterface,
  gateway,
  vrrpFirewall,
  addressManagers,
  arpFlux,
  promoteSecondaries,
  reversePath,
  nftThere,
  forwarding,
  looseTracking,
];

/** A finding with the check that made it. */
export type Diagnosis = Finding & { readonly check: string; readonly why: string };

/** What all checks find. Pure. */
export function diagnose(facts: Facts): Diagnosis[] {
  return CHECKS.flatMap(({ name, why, look }) =>
    look(facts).map((finding) => ({ check: name, ...finding, why })),
  );
}
