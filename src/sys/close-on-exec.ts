/** Keeps descriptors from programs that this process starts: fcntl(2), FD_CLOEXEC. */
import { readdirSync } from 'node:fs';
import * as libc from './libc.ts';

// Must match <fcntl.h>.
const F_GETFD = 1;
const F_SETFD = 2;
const FD_CLOEXEC = 1;

/**
 * Marks every open descriptor but the standard three. What Ballast and Node open is marked from the
 * start: this is for those that the process was started with. Called once, before the first program.
 */
export function closeAllOnExec(): void {
  for (const name of readdirSync('/proc/self/fd')) {
    const fd = Number(name);
    if (fd <= 2) continue;
    const flags = libc.fcntl(fd, F_GETFD, 0);
    if (flags >= 0 && (flags & FD_CLOEXEC) === 0) libc.fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
  }
}
