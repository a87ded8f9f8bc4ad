/** Gathers what the checks of `ballast doctor` look at. Needs no right; what it may not see is null. */
import type { Plan } from '../../../config/plan.ts';
import type { Facts } from '../facts.ts';
import { bindFacts } from './binds.ts';
import { fileFacts, folderFacts, mountOf, parseMounts } from './files.ts';
import { cgroupFacts, clockFacts, conntrackFacts, coresThere } from './machine.ts';
import { hugePagesMode, kernelFacts, memoryFacts } from './machine.ts';
import { networkFacts } from './network.ts';
import { readSysctl, readText } from './read.ts';
import { subjectFacts, supervisorOf } from './subject.ts';

/** A configuration and the file it stands in, or null. */
export type Configured = { readonly plan: Plan; readonly file: string } | null;

/** Looks at this machine now. Binds to the addresses of the plan for a moment, listens on none. */
export function gatherFacts(configured: Configured): Facts {
  const pid = configured === null ? 0 : supervisorOf(configured.file);
  return {
    plan: configured?.plan ?? null,
    subject: subjectFacts(pid),
    sysctl: readSysctl,
    isProcSysReadOnly: isProcSysReadOnly(),
    kernel: kernelFacts(),
    cores: coresThere(),
    cgroup: cgroupFacts(pid),
    memory: memoryFacts(),
    binds: configured === null ? [] : bindFacts(configured.plan, pid),
    files: configured === null ? [] : fileFacts(configured.plan, configured.file),
    folders: configured === null ? [] : folderFacts(configured.plan),
    conntrack: conntrackFacts(),
    network: networkFacts(configured?.plan ?? null),
    clock: clockFacts(),
    hugePages: hugePagesMode(),
  };
}

function isProcSysReadOnly(): boolean {
  const mounts = parseMounts(readText('/proc/self/mountinfo') ?? '');
  const { mountPoint } = mountOf('/proc/sys', mounts);
  return mounts.findLast((mount) => mount.mountPoint === mountPoint)?.isReadOnly ?? false;
}
