/** Urgent data of TCP (RFC 6093), which node:net cannot send. */
import type { Socket } from 'node:net';
import * as libc from '../../src/sys/libc.ts';

const MSG_OOB = 1;

/** Sends one byte as urgent data, behind what the kernel has taken of the socket so far. */
export function sendUrgent(socket: Socket, byte: string): void {
  const { fd } = (socket as unknown as { _handle: { fd: number } })._handle;
  const data = Buffer.from(byte, 'latin1');
  const sent = libc.send(fd, libc.addressOf(data), 1, MSG_OOB);
  if (sent !== 1) throw new Error(`the urgent byte was not taken: errno ${libc.errno()}`);
}
