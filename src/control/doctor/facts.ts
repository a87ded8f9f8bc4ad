/**
 * What the checks of `ballast doctor` look at: everything is gathered in one place, so that a check
 * is a pure function and a test gives it a made-up machine.
 */
import type { Plan } from '../../config/plan.ts';

export type Facts = {
  /** Null without a configuration, or with one that has mistakes. */
  readonly plan: Plan | null;
  readonly subject: Subject;
  /** Text of a kernel parameter by its dotted name, trimmed; null where it cannot be read. */
  readonly sysctl: (name: string) => string | null;
  /** Whether /proc/sys cannot be written even by root: a container. */
  readonly isProcSysReadOnly: boolean;
  readonly kernel: KernelFacts;
  /** Processors that may be used. */
  readonly cores: number;
  readonly cgroup: CgroupFacts;
  readonly memory: MemoryFacts;
  /** Every address of the configuration; empty without one. */
  readonly binds: readonly BindFact[];
  /** Every file that the configuration names, itself included. */
  readonly files: readonly FileFact[];
  readonly folders: readonly FolderFact[];
  /** Null where connections are not tracked. */
  readonly conntrack: { readonly count: number; readonly max: number } | null;
  readonly network: NetworkFacts;
  readonly clock: ClockFacts;
  /** `always`, `madvise` or `never`; null where the kernel has none. */
  readonly hugePages: string | null;
};

/** Whose limits and rights are looked at. */
export type Subject = {
  /** The supervisor that runs this configuration, else 0: the shell that the command runs in. */
  readonly pid: number;
  /** Whether it has CAP_NET_ADMIN, and CAP_NET_RAW. */
  readonly mayAdminNetwork: boolean;
  readonly mayRawNetwork: boolean;
  /** Hard limits, which Node raises the soft ones to; Infinity is none. */
  readonly openFiles: number;
  readonly addressSpaceBytes: number;
};

export type KernelFacts = {
  /** As `uname -r` says. */
  readonly release: string;
  readonly major: number;
  readonly minor: number;
};

/** Infinity is no limit. */
export type CgroupFacts = {
  readonly memoryBytes: number;
  /** Processors' worth of time. */
  readonly processors: number;
  readonly tasks: number;
};

export type MemoryFacts = {
  readonly totalBytes: number;
  readonly availableBytes: number;
  /** What may still be reserved where vm.overcommit_memory is 2. */
  readonly commitLeftBytes: number;
};

export type BindFact = {
  /** Name of the listener, or `admin`. */
  readonly user: string;
  readonly text: string;
  readonly port: number;
  readonly state: 'free' | 'ours' | 'refused';
  /** For `refused`: a code BAL_LISTEN_*, what is in the way, and what helps. */
  readonly code: string;
  readonly reason: string;
  readonly hint: string;
};

export type FileFact = {
  readonly path: string;
  /** What it is for, as a phrase: `the password of the check of pool "db"`. */
  readonly use: string;
  readonly isSecret: boolean;
  /** Null where there is none, or it cannot be looked at. */
  readonly mode: number | null;
  /** "" where this user can read it, else why not. */
  readonly trouble: string;
};

export type FolderFact = {
  readonly path: string;
  readonly use: 'state' | 'log' | 'admin' | 'socket';
  readonly isThere: boolean;
  readonly isWritable: boolean;
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** Where its file system is mounted, and of which kind: `/`, `ext4`. */
  readonly mountPoint: string;
  readonly fileSystem: string;
};

export type ClockFacts = {
  readonly source: string | null;
  /** Null where the kernel does not tell. */
  readonly isSynchronised: boolean | null;
};

export type NetworkFacts = {
  /** Those that are up; addresses that are not floating ones of the configuration. */
  readonly interfaces: readonly { readonly name: string; readonly ownAddresses: number }[];
  /** Interfaces with a default route by a gateway. */
  readonly gatewayInterfaces: readonly string[];
  /** Programs that run and manage addresses. */
  readonly managers: readonly string[];
  /** Null where the rules cannot be read. */
  readonly vrrpDrops: readonly VrrpDrop[] | null;
  readonly hasNft: boolean;
};

/** A chain of nftables that keeps advertisements out. */
export type VrrpDrop = { readonly chain: string; readonly why: string };
