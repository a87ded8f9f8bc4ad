/** Messages to the service manager: sd_notify(3), datagrams on a unix socket. */
import * as libc from './libc.ts';
import { AF_UNIX, encodeSockaddr } from './sockaddr.ts';
import { SOCK_CLOEXEC, SOCK_NONBLOCK } from './sockets.ts';

// Must match <sys/socket.h>.
const SOCK_DGRAM = 2;
const MSG_NOSIGNAL = 0x4000;

/** Whether this is an address that can be sent to: a path, or "@" and an abstract name. */
export function isNotifyAddress(address: string): boolean {
  return /^[/@]./.test(address) && Buffer.byteLength(address) <= 107;
}

/** Sends a message to such an address; false where nobody takes it now. Never waits. */
export function sendNotification(address: string, text: string): boolean {
  const fd = libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const to = address.startsWith('@')
    ? abstract(address.slice(1))
    : encodeSockaddr({ family: 'unix', host: address, port: 0 });
  const bytes = Buffer.from(text);
  const isSent =
    libc.connect(fd, libc.addressOf(to), to.length) === 0 &&
    libc.send(fd, libc.addressOf(bytes), bytes.length, MSG_NOSIGNAL) === bytes.length;
  libc.close(fd);
  return isSent;
}

function abstract(name: string): Uint8Array {
  const text = Buffer.from(name);
  const out = new Uint8Array(2 + 1 + text.length);
  new DataView(out.buffer).setUint16(0, AF_UNIX, true);
  out.set(text, 3);
  return out;
}
