/** What raw sockets of all kinds share: options, filters and errors. packet(7), raw(7). */
import { BallastError } from '../base/errors.ts';
import { EACCES, EPERM, errnoText } from './errno.ts';
import * as libc from './libc.ts';
import { SOCK_CLOEXEC, SOCK_NONBLOCK, SOL_SOCKET } from './sockets.ts';

// Must match <asm-generic/socket.h>.
const SOCK_RAW = 3;
const SO_ATTACH_FILTER = 26;

/** One instruction of classic BPF (struct sock_filter): code, jumps if true and false, constant. */
export type Instruction = readonly [code: number, jt: number, jf: number, k: number];

/** Opens a non-blocking raw socket. Throws BAL_ADDRESS_PERMISSION or BAL_ADDRESS_SOCKET. */
export function openRaw(family: number, protocol: number): number {
  const fd = libc.socket(family, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
  if (fd < 0) throw rawError('open a raw socket', libc.errno());
  return fd;
}

/** The error of a refused action of the guardian: `cannot ${action}: why`. */
export function rawError(action: string, errno: number): BallastError {
  if (errno === EPERM || errno === EACCES) {
    return new BallastError(
      'BAL_ADDRESS_PERMISSION',
      `cannot ${action}: ${errnoText(errno)}: CAP_NET_ADMIN and CAP_NET_RAW are needed`,
      { hint: 'run as root, or give the service these capabilities (AmbientCapabilities=)' },
    );
  }
  return new BallastError('BAL_ADDRESS_SOCKET', `cannot ${action}: ${errnoText(errno)}`);
}

/** Sets an option whose value is `bytes`; false where the kernel refuses. */
export function setOption(fd: number, level: number, option: number, bytes: Uint8Array): boolean {
  return libc.setsockopt(fd, level, option, libc.addressOf(bytes), bytes.length) === 0;
}

/** Sets an option whose value is an int. */
export function setIntOption(fd: number, level: number, option: number, value: number): boolean {
  return libc.setsockopt(fd, level, option, libc.addressOf(new Int32Array([value])), 4) === 0;
}

/** Lets a socket receive only what `program` accepts. */
export function attachFilter(fd: number, program: readonly Instruction[]): boolean {
  const code = Buffer.alloc(program.length * 8);
  program.forEach(([op, jt, jf, k], i) => {
    code.writeUInt16LE(op, i * 8);
    code.writeUInt8(jt, i * 8 + 2);
    code.writeUInt8(jf, i * 8 + 3);
    code.writeUInt32LE(k, i * 8 + 4);
  });
  const head = Buffer.alloc(16);
  head.writeUInt16LE(program.length, 0);
  head.writeBigUInt64LE(BigInt(libc.addressOf(code)), 8);
  return setOption(fd, SOL_SOCKET, SO_ATTACH_FILTER, head);
}
