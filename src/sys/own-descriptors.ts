/** A table of descriptors for one thread alone: unshare(2), CLONE_FILES. */
import * as libc from './libc.ts';

// Must match <linux/sched.h>.
const CLONE_FILES = 0x400;

/**
 * Gives the calling thread a descriptor table of its own. Node has helper threads, and while they
 * share the table the kernel counts a reference in and out for each system call on a descriptor.
 * Called once at the start of a worker: what is opened later exists for this thread only. Without
 * it everything works, a little slower, so that a refusal is no error.
 */
export function ownDescriptorTable(): void {
  libc.unshare(CLONE_FILES);
}
