/** Limits that the kernel sets for this process: getrlimit(2). */
import * as libc from './libc.ts';

// Must match <bits/resource.h>.
const RLIMIT_NOFILE = 7;

/** Descriptors that this process may have open; node raises the soft limit to the hard one. */
export function openFilesLimit(): number {
  const limit = new BigUint64Array(2);
  const bytes = new Uint8Array(limit.buffer);
  if (libc.getrlimit(RLIMIT_NOFILE, libc.addressOf(bytes)) < 0) return 1024;
  return Number(limit[0]! > 1_048_576n ? 1_048_576n : limit[0]!);
}
