/** Processor time, and the clocks. */
import { advice, ok, problem, unknown, type Check } from '../check.ts';

export const processors: Check = {
  name: 'processors',
  looksAt: '`workers`, against the processors that may be used and the quota of the control group',
  why:
    'Workers above the quota stop together until the next period of some 100 ms begins: latency, ' +
    'and heartbeats that look hung.',
  remedy: '`workers` down, or `CPUQuota=` up',
  look: ({ plan, cores, cgroup }) => {
    const workers = plan?.workers ?? cores;
    const quota = cgroup.processors;
    const there = Math.min(cores, quota);
    const now = `${workers} workers on ${there} processors`;
    const least = Math.max(1, Math.floor(there));
    if (workers <= least) return [ok(now)];
    const fix = [
      `"workers: ${least}" in the configuration`,
      ...(quota < workers ? [`CPUQuota=${workers * 100}%    # in the unit`] : []),
    ];
    const fault = { now, wanted: `at most ${least}`, fix };
    return [quota < workers ? problem(fault) : advice(fault)];
  },
};

/** Sources that are read without a system call. */
const FAST_SOURCES: ReadonlySet<string> = new Set([
  'tsc',
  'kvm-clock',
  'arch_sys_counter',
  'hyperv_clocksource_tsc_page',
]);

export const clockSource: Check = {
  name: 'clock-source',
  looksAt: '`/sys/devices/system/clocksource/clocksource0/current_clocksource`',
  why: 'A worker reads the clock in each turn; a slow source makes that a system call of its own.',
  remedy: 'a kernel or a machine whose TSC is stable; `clocksource=tsc` on the kernel line',
  look: ({ clock: { source } }) => {
    if (source === null) return [unknown('the clock source cannot be read')];
    const now = `the clock source is ${source}`;
    if (FAST_SOURCES.has(source)) return [ok(now)];
    const fix = ['look for "clocksource" in the log of the kernel: why is tsc not used?'];
    return [advice({ now, wanted: [...FAST_SOURCES].join(', '), fix })];
  },
};

export const timeSynchronisation: Check = {
  name: 'time-synchronisation',
  looksAt: 'whether the kernel says that its clock is synchronised (adjtimex(2))',
  why:
    'Certificates are valid or not by the clock, and logs of several machines are compared by it; ' +
    'time limits do not depend on it.',
  remedy: '`timedatectl set-ntp true`, or chrony',
  look: ({ clock: { isSynchronised } }) => {
    if (isSynchronised === null) return [unknown('the kernel does not tell')];
    if (isSynchronised) return [ok('the clock is synchronised')];
    const fix = ['timedatectl set-ntp true    # or: apt install chrony'];
    return [advice({ now: 'the clock is not synchronised', wanted: 'NTP', fix })];
  },
};
