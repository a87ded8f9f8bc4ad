/** Linux error numbers that Ballast reacts to. Must match <asm-generic/errno.h>. */
export const EPERM = 1;
export const ENOENT = 2;
export const ESRCH = 3;
export const EINTR = 4;
export const EIO = 5;
export const EAGAIN = 11;
export const ENOMEM = 12;
export const EACCES = 13;
export const EEXIST = 17;
export const ENODEV = 19;
export const EINVAL = 22;
export const ENOTDIR = 20;
export const ENFILE = 23;
export const EMFILE = 24;
export const EROFS = 30;
export const EPIPE = 32;
export const ENAMETOOLONG = 36;
export const EMSGSIZE = 90;
export const EOPNOTSUPP = 95;
export const EAFNOSUPPORT = 97;
export const EADDRINUSE = 98;
export const EADDRNOTAVAIL = 99;
export const ENETUNREACH = 101;
export const ECONNABORTED = 103;
export const ECONNRESET = 104;
export const ENOBUFS = 105;
export const ETIMEDOUT = 110;
export const ECONNREFUSED = 111;
export const EHOSTUNREACH = 113;
export const EINPROGRESS = 115;

const NAMES: Readonly<Record<number, string>> = {
  [EPERM]: 'operation not permitted',
  [ENOENT]: 'no such file',
  [EACCES]: 'permission denied',
  [ENOMEM]: 'out of memory',
  [ENOTDIR]: 'a part of the path is no folder',
  [EROFS]: 'the file system is read-only',
  [ENAMETOOLONG]: 'the name is too long',
  [EAFNOSUPPORT]: 'this kind of address is not supported',
  [ENFILE]: 'the system has no descriptor left',
  [EMFILE]: 'the process has no descriptor left',
  [EPIPE]: 'the other side has closed',
  [EADDRINUSE]: 'address in use',
  [EADDRNOTAVAIL]: 'address not available',
  [ENETUNREACH]: 'network unreachable',
  [ECONNRESET]: 'connection reset',
  [ETIMEDOUT]: 'timed out',
  [ECONNREFUSED]: 'connection refused',
  [EHOSTUNREACH]: 'host unreachable',
};

/** A short text for an error number, for messages. */
export function errnoText(number: number): string {
  return NAMES[number] ?? `error ${number}`;
}
