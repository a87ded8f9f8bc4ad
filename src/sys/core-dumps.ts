/**
 * Core dumps hold everything that is in memory, private keys and ticket keys included. A process is
 * closed to them by PR_SET_DUMPABLE (prctl(2)), which also closes it to debuggers and to /proc for
 * everybody but root, and by a core limit of 0 for what it starts.
 */
import * as libc from './libc.ts';

// Must match <sys/prctl.h> and <bits/resource.h>.
const PR_SET_DUMPABLE = 4;
const RLIMIT_CORE = 4;

const limit = new BigUint64Array(2);
const limitAddress = libc.lastingAddressOf(new Uint8Array(limit.buffer));

/**
 * Allows or forbids core dumps of this process. The hard limit stays as it is, so that a reload may
 * change it both ways; what the kernel refuses is left as it was.
 */
export function setCoreDumps(areAllowed: boolean): void {
  libc.prctl(PR_SET_DUMPABLE, areAllowed ? 1 : 0, 0, 0, 0);
  if (libc.getrlimit(RLIMIT_CORE, limitAddress) < 0) return;
  limit[0] = areAllowed ? limit[1]! : 0n;
  libc.setrlimit(RLIMIT_CORE, limitAddress);
}
