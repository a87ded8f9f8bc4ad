/**
 * Sockets with a name in the abstract namespace (unix(7)): no file, gone with the process, seen only
 * within the network namespace. SOCK_SEQPACKET, so that each message comes whole.
 */
import { BallastError } from '../base/errors.ts';
import { errnoText } from './errno.ts';
import * as libc from './libc.ts';
import { AF_UNIX } from './sockaddr.ts';
import { SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_SEQPACKET, SOL_SOCKET } from './sockets.ts';

// Must match <asm/socket.h>, <sys/socket.h> and struct ucred.
const SO_PEERCRED = 17;
const MSG_NOSIGNAL = 0x4000;
const UID_WORD = 1;
const UCRED_WORDS = 3;

const BACKLOG = 8;
/** Longest message in bytes. */
const MESSAGE_BYTES_MAX = 256;

const message = new Uint8Array(MESSAGE_BYTES_MAX);
const messageAddress = libc.addressOf(message);

/** An abstract name: the family, a zero byte, and the name without an end. */
function encodeName(name: string): Uint8Array {
  const text = new TextEncoder().encode(name);
  const out = new Uint8Array(2 + 1 + text.length);
  new DataView(out.buffer).setUint16(0, AF_UNIX, true);
  out.set(text, 3);
  return out;
}

function open(): number {
  return libc.socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/** Listens under a name of at most 100 characters. Throws BAL_SYS_SOCKET. */
export function listenNamed(name: string): number {
  const fd = open();
  const address = encodeName(name);
  const isOpen =
    fd >= 0 &&
    libc.bindSocket(fd, libc.addressOf(address), address.length) === 0 &&
    libc.listen(fd, BACKLOG) === 0;
  if (isOpen) return fd;
  const why = errnoText(libc.errno());
  if (fd >= 0) libc.close(fd);
  throw new BallastError('BAL_SYS_SOCKET', `cannot listen as "${name}": ${why}`);
}

/** Connects to a name at once; -1 where nobody takes it. */
export function connectNamed(name: string): number {
  const fd = open();
  const address = encodeName(name);
  if (fd < 0) return -1;
  if (libc.connect(fd, libc.addressOf(address), address.length) === 0) return fd;
  libc.close(fd);
  return -1;
}

/** The next connection to a listening socket; -1 where none waits. */
export function acceptNamed(fd: number): number {
  return libc.accept4(fd, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/** The user that the process at the other end had when it connected or listened; -1: unknown. */
export function peerUid(fd: number): number {
  const cred = new Int32Array(UCRED_WORDS);
  const length = new Int32Array([cred.byteLength]);
  const at = libc.addressOf(cred);
  if (libc.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, at, libc.addressOf(length)) < 0) return -1;
  return cred[UID_WORD]!;
}

/** Sends a message of at most 256 bytes; false where the other end is gone or does not read. */
export function sendText(fd: number, text: string): boolean {
  const { written } = new TextEncoder().encodeInto(text, message);
  return libc.send(fd, messageAddress, written, MSG_NOSIGNAL) === written;
}

/** The next message; "" once the other end is gone; null where none waits. */
export function receiveText(fd: number): string | null {
  const got = libc.recv(fd, messageAddress, MESSAGE_BYTES_MAX, 0);
  if (got < 0) return null;
  return new TextDecoder().decode(message.subarray(0, got));
}
