/** Memory: what may come to be used, against what there is. */
import type { Facts } from '../facts.ts';
import { advice, ok, problem, sysctlNumber, unknown, type Check } from '../check.ts';
import { sizeText } from '../size-text.ts';

const MIB = 1 << 20;
/** Of a worker that has no clients, and of the supervisor, rounded up: docs/operations.md. */
const WORKER_BYTES = 64 * MIB;
const SUPERVISOR_BYTES = 96 * MIB;
/** Address space that a worker reserves for buffers. */
const RESERVED_BYTES = 2_048 * MIB;
/** Node itself reserves some more. */
const NODE_RESERVED_BYTES = 2_048 * MIB;

/** Most memory that all processes may come to use. */
function wantedBytes({ plan, cores }: Facts): number {
  const workers = plan?.workers ?? cores;
  const buffers = plan?.limits.bufferMemory ?? 256 * MIB;
  // The spare has no buffers.
  return SUPERVISOR_BYTES + (workers + 1) * WORKER_BYTES + workers * buffers;
}

export const memory: Check = {
  name: 'memory',
  looksAt:
    'the memory of the machine and of the control group, against `limits.bufferMemory` × workers',
  why: 'A worker that needs more than there is gets killed by the kernel, with all its connections.',
  remedy: '`limits.bufferMemory` or `workers` down, `MemoryMax=` up',
  look: (facts) => {
    const { totalBytes } = facts.memory;
    const group = facts.cgroup.memoryBytes;
    const limit = Math.min(totalBytes, group);
    const wanted = wantedBytes(facts);
    const whose = group < totalBytes ? 'the control group has' : 'the machine has';
    const now = `${whose} ${sizeText(limit)}`;
    if (limit >= wanted) return [ok(`${now}; at most ${sizeText(wanted)} may be used`)];
    const workers = facts.plan?.workers ?? facts.cores;
    const each = Math.floor((limit - (wanted - bufferBytes(facts))) / workers / MIB);
    const fix = [
      ...(group < totalBytes ? [`MemoryMax=${Math.ceil(wanted / MIB)}M    # in the unit`] : []),
      each > 0
        ? `"limits: { bufferMemory: ${each}MiB }" in the configuration`
        : '"workers" down in the configuration',
    ];
    const least = wanted - bufferBytes(facts);
    const fault = { now, wanted: `${sizeText(wanted)} for all that may be used`, fix };
    return [limit < least * 2 ? problem(fault) : advice(fault)];
  },
};

function bufferBytes({ plan, cores }: Facts): number {
  return (plan?.limits.bufferMemory ?? 256 * MIB) * (plan?.workers ?? cores);
}

export const addressSpace: Check = {
  name: 'address-space',
  looksAt: 'the limit on address space (`ulimit -v`), and `vm.overcommit_memory=2`',
  why:
    'A worker reserves some 2 GiB of address space for buffers; where that is not allowed it does ' +
    'not start (`BAL_SYS_MEMORY`).',
  remedy: '`LimitAS=infinity` in the unit, `sysctl -w vm.overcommit_memory=0`',
  look: (facts) => {
    const { addressSpaceBytes } = facts.subject;
    const wanted = RESERVED_BYTES + NODE_RESERVED_BYTES;
    const mode = sysctlNumber(facts, 'vm.overcommit_memory');
    if (addressSpaceBytes < wanted) {
      const now = `address space is limited to ${sizeText(addressSpaceBytes)}`;
      const fix = ['LimitAS=infinity    # in the unit', 'ulimit -v unlimited'];
      return [problem({ now, wanted: `at least ${sizeText(wanted)}`, fix })];
    }
    if (mode === null) return [unknown('vm.overcommit_memory cannot be read')];
    if (mode !== 2) return [ok('address space is not limited')];
    const workers = (facts.plan?.workers ?? facts.cores) + 1;
    const left = facts.memory.commitLeftBytes;
    const now = `vm.overcommit_memory is 2, and ${sizeText(left)} may still be reserved`;
    if (left >= workers * RESERVED_BYTES) return [ok(now)];
    return [
      problem({
        now,
        wanted: `${sizeText(workers * RESERVED_BYTES)} for ${workers} workers`,
        fix: ['sysctl -w vm.overcommit_memory=0', 'or raise vm.overcommit_ratio'],
      }),
    ];
  },
};

export const hugePages: Check = {
  name: 'transparent-huge-pages',
  looksAt: '`/sys/kernel/mm/transparent_hugepage/enabled`',
  why:
    'With `always` the first byte of a buffer may cost 2 MiB instead of 4 KiB, and the kernel stops ' +
    'a worker while it gathers such pages.',
  remedy: '`echo madvise > /sys/kernel/mm/transparent_hugepage/enabled`',
  look: ({ hugePages: now }) => {
    if (now === null) return [];
    if (now !== 'always') return [ok(`transparent huge pages: ${now}`)];
    const fix = ['echo madvise > /sys/kernel/mm/transparent_hugepage/enabled'];
    return [advice({ now: 'transparent huge pages: always', wanted: 'madvise or never', fix })];
  },
};
