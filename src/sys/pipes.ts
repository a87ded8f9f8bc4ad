/** Pipes for splice(2): what moves bytes from socket to socket without copying them. */
import * as libc from './libc.ts';

// Must match <fcntl.h> and <bits/fcntl-linux.h>.
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const F_SETPIPE_SZ = 1031;
const SPLICE_F_MOVE = 1;
const SPLICE_F_NONBLOCK = 2;

const pair = new Int32Array(2);
const pairAddress = libc.addressOf(pair);

export type Pipe = {
  readonly readFd: number;
  readonly writeFd: number;
  /** Bytes that the kernel gave it. */
  readonly sizeBytes: number;
};

/** Opens a pipe of about `sizeBytes`; null where the kernel has none to give. */
export function openPipe(sizeBytes: number): Pipe | null {
  if (libc.pipe2(pairAddress, O_NONBLOCK | O_CLOEXEC) < 0) return null;
  const [readFd, writeFd] = [pair[0]!, pair[1]!];
  const given = libc.fcntl(writeFd, F_SETPIPE_SZ, sizeBytes);
  if (given >= sizeBytes) return { readFd, writeFd, sizeBytes: given };
  // Pipes of this user hold as many pages as they may: a small one would cost more than a copy.
  libc.close(readFd);
  libc.close(writeFd);
  return null;
}

/** Closes both ends; what the pipe holds is lost. */
export function closePipe(pipe: Pipe): void {
  libc.close(pipe.readFd);
  libc.close(pipe.writeFd);
}

/** Moves up to `length` bytes between a socket and a pipe; as recv and send, -1 with errno. */
export function moveBytes(from: number, to: number, length: number): number {
  return libc.splice(from, 0, to, 0, length, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
}
