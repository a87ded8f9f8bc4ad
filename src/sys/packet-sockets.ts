/** Whole Ethernet frames of one protocol on one interface: packet(7). */
import * as libc from './libc.ts';
import { attachFilter, openRaw, rawError, type Instruction } from './raw-sockets.ts';
import { closeFd } from './sockets.ts';

// Must match <linux/if_packet.h>.
const AF_PACKET = 17;
const SOCKADDR_LL_BYTES = 20;
/** Frames taken in one turn. */
const FRAMES_MAX = 64;
const FRAME_BYTES_MAX = 2048;

const frame = new Uint8Array(new ArrayBuffer(FRAME_BYTES_MAX));
const frameAddress = libc.lastingAddressOf(frame);

/** Neighbour solicitations and advertisements (RFC 4861) of all that is IPv6. */
export const NEIGHBOUR_FILTER: readonly Instruction[] = [
  // The next header at byte 20 is ICMPv6, the type at byte 54 is 135 or 136.
  [0x30, 0, 0, 20],
  [0x15, 0, 4, 58],
  [0x30, 0, 0, 54],
  [0x15, 1, 0, 135],
  [0x15, 0, 1, 136],
  [0x06, 0, 0, FRAME_BYTES_MAX],
  [0x06, 0, 0, 0],
];

/** Opens a socket for frames of `etherType` on an interface. Throws BallastError. */
export function openPacketSocket(
  etherType: number,
  interfaceIndex: number,
  filter: readonly Instruction[] = [],
): number {
  const protocol = ((etherType & 255) << 8) | (etherType >> 8);
  // No protocol yet: nothing is received before the socket is bound and filtered.
  const fd = openRaw(AF_PACKET, 0);
  if (filter.length > 0) attachFilter(fd, filter);
  const address = new Uint8Array(SOCKADDR_LL_BYTES);
  const view = new DataView(address.buffer);
  view.setUint16(0, AF_PACKET, true);
  view.setUint16(2, protocol, true);
  view.setInt32(4, interfaceIndex, true);
  if (libc.bindSocket(fd, libc.addressOf(address), address.length) < 0) {
    const error = rawError('listen for ARP and neighbour discovery', libc.errno());
    closeFd(fd);
    throw error;
  }
  return fd;
}

/** Sends a whole frame; false where it did not go: the link is down, or its queue full. */
export function sendFrame(fd: number, bytes: Uint8Array): boolean {
  return libc.send(fd, libc.addressOf(bytes), bytes.length, 0) === bytes.length;
}

/** Hands over what has come, up to a bound; the view is good until the next call. */
export function receiveFrames(fd: number, onFrame: (bytes: Uint8Array) => void): void {
  for (let i = 0; i < FRAMES_MAX; i++) {
    const got = libc.recv(fd, frameAddress, FRAME_BYTES_MAX, 0);
    if (got < 0) return;
    onFrame(frame.subarray(0, got));
  }
}

/** The number of an interface; 0 where there is none of that name. */
export const interfaceIndex = (name: string): number => libc.ifNameToIndex(name);
