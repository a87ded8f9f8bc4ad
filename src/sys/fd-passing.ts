/**
 * Descriptors passed over a unix SOCK_SEQPACKET socket (SCM_RIGHTS, unix(7)): one descriptor and a
 * short text per message. Layout must match struct msghdr and struct cmsghdr on 64-bit Linux.
 */
import { BallastError } from '../base/errors.ts';
import { EAGAIN, errnoText } from './errno.ts';
import * as libc from './libc.ts';

const MSGHDR_BYTES = 56;
const IOVEC_BYTES = 16;
const CMSG_BYTES = 24;
const TEXT_BYTES = 256;
const IOVEC_AT = MSGHDR_BYTES;
const CMSG_AT = IOVEC_AT + IOVEC_BYTES;
const TEXT_AT = CMSG_AT + CMSG_BYTES;

const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_NOSIGNAL = 0x4000;
const MSG_CTRUNC = 8;
const MSG_CMSG_CLOEXEC = 0x40000000;

const block = new Uint8Array(TEXT_AT + TEXT_BYTES);
const view = new DataView(block.buffer);
const blockAddress = libc.addressOf(block);

function layOut(textBytes: number): void {
  block.fill(0, 0, TEXT_AT);
  view.setBigUint64(16, BigInt(blockAddress + IOVEC_AT), true);
  view.setBigUint64(24, 1n, true);
  view.setBigUint64(32, BigInt(blockAddress + CMSG_AT), true);
  view.setBigUint64(40, BigInt(CMSG_BYTES), true);
  view.setBigUint64(IOVEC_AT, BigInt(blockAddress + TEXT_AT), true);
  view.setBigUint64(IOVEC_AT + 8, BigInt(textBytes), true);
}

/** Sends a copy of `fd` with a text of at most 256 bytes. Throws BAL_SYS_PASS when it cannot. */
export function sendFd(socket: number, fd: number, text: string): void {
  const { written } = new TextEncoder().encodeInto(text, block.subarray(TEXT_AT));
  layOut(written);
  view.setBigUint64(CMSG_AT, 20n, true);
  view.setInt32(CMSG_AT + 8, SOL_SOCKET, true);
  view.setInt32(CMSG_AT + 12, SCM_RIGHTS, true);
  view.setInt32(CMSG_AT + 16, fd, true);
  if (libc.sendmsg(socket, blockAddress, MSG_NOSIGNAL) < 0) {
    throw new BallastError(
      'BAL_SYS_PASS',
      `cannot pass the descriptor of "${text}": ${errnoText(libc.errno())}`,
    );
  }
}

/** Takes the next descriptor, or null when none waits. The descriptor is closed on exec. */
export function receiveFd(socket: number): { fd: number; text: string } | null {
  layOut(TEXT_BYTES);
  const got = libc.recvmsg(socket, blockAddress, MSG_CMSG_CLOEXEC);
  if (got === 0 || (got < 0 && libc.errno() === EAGAIN)) return null;
  if (got < 0) {
    throw new BallastError(
      'BAL_SYS_PASS',
      `cannot take a passed descriptor: ${errnoText(libc.errno())}`,
    );
  }
  if ((view.getInt32(48, true) & MSG_CTRUNC) !== 0) {
    throw new BallastError('BAL_SYS_PASS', 'cannot take a passed descriptor: none is free');
  }
  const text = new TextDecoder().decode(block.subarray(TEXT_AT, TEXT_AT + got));
  return { fd: view.getInt32(CMSG_AT + 16, true), text };
}
