/** Memory outside the JavaScript heap: private maps for buffers, memfd segments between processes. */
import { writeSync } from 'node:fs';
import { BallastError } from '../base/errors.ts';
import { errnoText } from './errno.ts';
import {
  close,
  errno,
  fcntl,
  ftruncate,
  lseek,
  madvise,
  memfdCreate,
  mmap,
  munmap,
  viewMemory,
} from './libc.ts';

// Must match <sys/mman.h>.
const PROT_READ = 1;
const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const MAP_PRIVATE_ANONYMOUS_NORESERVE = 0x2 | 0x20 | 0x4000;
const MADV_DONTNEED = 4;
const MAP_PRIVATE = 2;
const MADV_DONTDUMP = 16;
const SEEK_END = 2;
const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
// Must match <linux/fcntl.h>: no other seal, shorter, longer, written to.
const F_ADD_SEALS = 1033;
const SEALS = 1 | 2 | 4 | 8;

/** A map of memory: its JavaScript view and its address, which does not change. */
export type MappedMemory = { readonly bytes: Uint8Array; readonly address: number };

function map(
  flags: number,
  fd: number,
  sizeBytes: number,
  protection = PROT_READ_WRITE,
): MappedMemory {
  const address = Number(mmap(0, sizeBytes, protection, flags, fd, 0));
  if (address === -1) {
    throw new BallastError(
      'BAL_SYS_MEMORY',
      `cannot map ${sizeBytes} bytes of memory: ${errnoText(errno())}`,
      { hint: 'lower limits.bufferMemory, or raise the limit on address space (ulimit -v)' },
    );
  }
  return { address, bytes: new Uint8Array(viewMemory(address, sizeBytes)) };
}

/** Reserves `sizeBytes` of zeroed private memory; a page costs memory once it is written. */
export function mapPrivate(sizeBytes: number): MappedMemory {
  return map(MAP_PRIVATE_ANONYMOUS_NORESERVE, -1, sizeBytes);
}

/** Gives the pages of a private map back to the kernel; they read as zero afterwards. */
export function releasePages(address: number, sizeBytes: number): void {
  madvise(address, sizeBytes, MADV_DONTNEED);
}

/** Creates a nameless file in memory of `sizeBytes` zero bytes; returns its descriptor. */
export function createSharedMemory(name: string, sizeBytes: number): number {
  const fd = memfdCreate(`ballast-${name}`, MFD_CLOEXEC);
  if (fd < 0 || ftruncate(fd, sizeBytes) < 0) {
    throw new BallastError(
      'BAL_SYS_MEMORY',
      `cannot create the shared segment "${name}": ${errnoText(errno())}`,
    );
  }
  return fd;
}

/** Maps a shared segment into this process. */
export function mapShared(fd: number, sizeBytes: number): Uint8Array {
  return map(MAP_SHARED, fd, sizeBytes).bytes;
}

/**
 * Creates a nameless file in memory that holds `bytes` and that nobody can change any more, not
 * even this process: whoever is given it may rely on what it read. Returns its descriptor.
 */
export function createSealedMemory(name: string, bytes: Uint8Array): number {
  const fd = memfdCreate(`ballast-${name}`, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  try {
    if (fd < 0) throw new Error(errnoText(errno()));
    for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at, bytes.length - at, at);
    if (fcntl(fd, F_ADD_SEALS, SEALS) < 0) throw new Error(errnoText(errno()));
    return fd;
  } catch (error) {
    if (fd >= 0) close(fd);
    throw new BallastError(
      'BAL_SYS_MEMORY',
      `cannot create the shared segment "${name}": ${(error as Error).message}`,
    );
  }
}

/**
 * Maps a whole sealed segment for reading, kept out of core dumps: what it holds may be secret. A
 * private map: kernels before 6.7 refuse a shared one of what is sealed against writing, and the
 * pages are the same ones either way. Throws BAL_SYS_MEMORY, also where it is empty or has more than
 * `maxBytes`.
 */
export function mapSealed(fd: number, maxBytes: number): MappedMemory {
  const sizeBytes = lseek(fd, 0, SEEK_END);
  if (sizeBytes <= 0 || sizeBytes > maxBytes) {
    const message = `cannot map a memory file of ${sizeBytes} bytes: at least 1 and at most ${maxBytes}`;
    throw new BallastError('BAL_SYS_MEMORY', message);
  }
  const memory = map(MAP_PRIVATE, fd, sizeBytes, PROT_READ);
  madvise(memory.address, sizeBytes, MADV_DONTDUMP);
  return memory;
}

/** Gives a map back. Nothing may look at its bytes any more: they are not there. */
export function unmap({ address, bytes }: MappedMemory): void {
  munmap(address, bytes.length);
}
