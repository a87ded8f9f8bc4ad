/**
 * Datagrams by the batch: recvmmsg(2) and sendmmsg(2) over memory that is laid out once.
 *
 *   headers   struct mmsghdr, 64 bytes each    what is passed to the kernel
 *   iovecs    struct iovec, 16 bytes each      one per header
 *   names     a socket address each            whom it is from, or to
 *   controls  control messages                 which of our addresses it was sent to, or leaves from
 *   data      a datagram of any size each
 *
 * Must match <sys/socket.h> on 64-bit Linux; `checkLayout` tries it out when a process starts.
 */
import { assert } from '../base/errors.ts';
import * as libc from './libc.ts';
import { mapPrivate } from './shared-memory.ts';
import { AF_INET } from './sockaddr.ts';

/** Largest datagram that a receive takes whole: UDP over IPv4 carries 65,507 bytes at most. */
export const DATAGRAM_BYTES_MAX = 65_536;
/** Words of a socket address of either family. */
export const NAME_WORDS = 7;
/** Words of one of our own addresses as a control message has it: an IPv6 address and its link. */
export const LOCAL_WORDS = 5;

const HEADER_BYTES = 64;
const HEADER_WORDS = HEADER_BYTES / 4;
const IOVEC_BYTES = 16;
const NAME_BYTES = 32;
const CONTROL_BYTES = 64;
/** Not a multiple of a page: the starts of datagrams must not fall into the same sets of a cache. */
const STRIDE_BYTES = DATAGRAM_BYTES_MAX + 192;

// Words of struct mmsghdr.
const NAME_LENGTH = 2;
const IOVEC_COUNT = 6;
const CONTROL_LENGTH = 10;
const FLAGS = 12;
const LENGTH = 14;
// Words of struct iovec.
const IOVEC_LENGTH = 2;

const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;

// Control messages: ip(7), ipv6(7). Words of a struct cmsghdr, then of what it carries.
const IPPROTO_IP = 0;
const IP_PKTINFO = 8;
const IPPROTO_IPV6 = 41;
const IPV6_PKTINFO = 50;
const CMSG_LEVEL = 2;
const CMSG_TYPE = 3;
const CMSG_DATA = 4;
// UDP_SEGMENT, udp(7): what is sent is cut into datagrams of so many bytes.
const SOL_UDP = 17;
const UDP_SEGMENT = 103;
const SEGMENT_LENGTH = 18;
const SEGMENT_SPACE = 24;
const PKTINFO_LENGTH = 28;
const PKTINFO_SPACE = 32;
const PKTINFO6_LENGTH = 36;
const PKTINFO6_SPACE = 40;
/** fe80::/10, the first two bytes as they stand in a word: an address that needs its link. */
const LINK_LOCAL_MASK = 0xc0ff;
const LINK_LOCAL = 0x80fe;

/** Room for `size` datagrams, to be received into and sent from. */
export class DatagramBatch {
  readonly size: number;
  /** All of the memory, and as words: names and controls are read and written there. */
  readonly bytes: Buffer;
  readonly words: Int32Array;
  readonly #address: number;
  readonly #iovecs: number;
  readonly #names: number;
  readonly #controls: number;
  readonly #data: number;

  constructor(size: number) {
    this.size = size;
    this.#iovecs = size * HEADER_BYTES;
    this.#names = this.#iovecs + size * IOVEC_BYTES;
    this.#controls = this.#names + size * NAME_BYTES;
    this.#data = this.#controls + size * CONTROL_BYTES;
    const memory = mapPrivate(this.#data + size * STRIDE_BYTES);
    this.bytes = Buffer.from(memory.bytes.buffer);
    this.words = new Int32Array(memory.bytes.buffer, 0, memory.bytes.length >> 2);
    this.#address = memory.address;
    const view = new DataView(memory.bytes.buffer);
    const point = (at: number, to: number): void => {
      view.setBigUint64(at, BigInt(memory.address + to), true);
    };
    for (let i = 0; i < size; i++) {
      const header = i * HEADER_BYTES;
      const iovec = this.#iovecs + i * IOVEC_BYTES;
      point(header, this.#names + i * NAME_BYTES);
      point(header + 16, iovec);
      view.setBigUint64(header + 24, 1n, true);
      point(header + 32, this.#controls + i * CONTROL_BYTES);
      point(iovec, this.#data + i * STRIDE_BYTES);
      this.clear(i);
    }
  }

  /** Makes a place ready for a receive: room for a whole datagram, its sender and its target. */
  clear(i: number): void {
    const header = i * HEADER_WORDS;
    this.words[header + NAME_LENGTH] = NAME_WORDS * 4;
    this.words[header + CONTROL_LENGTH] = CONTROL_BYTES;
    this.setLength(i, DATAGRAM_BYTES_MAX);
  }

  /** Makes a place ready for a receive from a socket whose peer is known. */
  clearData(i: number): void {
    const header = i * HEADER_WORDS;
    this.words[header + NAME_LENGTH] = 0;
    this.words[header + CONTROL_LENGTH] = 0;
    this.setLength(i, DATAGRAM_BYTES_MAX);
  }

  /** Receives up to `count` datagrams from place `from` on; -1 is an error, EAGAIN for none. */
  receive(fd: number, from: number, count: number): number {
    return libc.recvmmsg(fd, this.#address + from * HEADER_BYTES, count, MSG_DONTWAIT, 0);
  }

  /** Sends `count` datagrams; returns how many went, -1 where not even the first did. */
  send(fd: number, from: number, count: number): number {
    return libc.sendmmsg(fd, this.#address + from * HEADER_BYTES, count, MSG_DONTWAIT);
  }

  /**
   * Makes `count` datagrams from place `from` on one thing to send: all but the last have `size`
   * bytes, the last has at most as many. The kernel takes them through its stack as one. The lengths,
   * the address and what `setLocal` does must be set already; `part` undoes it.
   */
  join(from: number, count: number, size: number): void {
    const { words } = this;
    const header = from * HEADER_WORDS;
    const used = words[header + CONTROL_LENGTH]!;
    const control = (this.#controls + from * CONTROL_BYTES + used) >> 2;
    words[header + IOVEC_COUNT] = count;
    words[header + CONTROL_LENGTH] = used + SEGMENT_SPACE;
    words[control] = SEGMENT_LENGTH;
    words[control + 1] = 0;
    words[control + CMSG_LEVEL] = SOL_UDP;
    words[control + CMSG_TYPE] = UDP_SEGMENT;
    words[control + CMSG_DATA] = size;
  }

  /** Makes the datagram at a place a thing of its own again. */
  part(from: number): void {
    const header = from * HEADER_WORDS;
    this.words[header + IOVEC_COUNT] = 1;
    this.words[header + CONTROL_LENGTH]! -= SEGMENT_SPACE;
  }

  /** Puts back the length of what was received: a send has put its own there. */
  restoreLength(i: number, length: number): void {
    this.words[i * HEADER_WORDS + LENGTH] = length;
  }

  /** Makes a place one that is sent to the peer that its socket is connected to. */
  setPeer(i: number): void {
    this.words[i * HEADER_WORDS + NAME_LENGTH] = 0;
    this.words[i * HEADER_WORDS + CONTROL_LENGTH] = 0;
  }

  /** Bytes of the datagram that was received. */
  lengthOf(i: number): number {
    return this.words[i * HEADER_WORDS + LENGTH]!;
  }

  /** Whether the datagram that was received is longer than its place. */
  isTruncated(i: number): boolean {
    return (this.words[i * HEADER_WORDS + FLAGS]! & MSG_TRUNC) !== 0;
  }

  /** Sets how many bytes are sent, or may be received. */
  setLength(i: number, length: number): void {
    this.words[(this.#iovecs >> 2) + i * (IOVEC_BYTES / 4) + IOVEC_LENGTH] = length;
  }

  /** Address of the datagram. */
  addressOf(i: number): number {
    return this.#address + this.#data + i * STRIDE_BYTES;
  }

  /** Offset of the datagram in `bytes`. */
  offsetOf(i: number): number {
    return this.#data + i * STRIDE_BYTES;
  }

  /** Index in `words` of the address that the datagram is from, or to. */
  nameOf(i: number): number {
    return (this.#names + i * NAME_BYTES) >> 2;
  }

  /** Writes whom a datagram goes to: NAME_WORDS of `words` from `at` on. */
  setName(i: number, words: Int32Array, at: number): void {
    const to = this.nameOf(i);
    const isIpv4 = (words[at]! & 0xffff) === AF_INET;
    const count = isIpv4 ? 4 : NAME_WORDS;
    for (let k = 0; k < count; k++) this.words[to + k] = words[at + k]!;
    this.words[i * HEADER_WORDS + NAME_LENGTH] = count * 4;
  }

  /** Copies which of our addresses a datagram was sent to into LOCAL_WORDS of `to`; 0 if unknown. */
  readLocal(i: number, to: Int32Array, at: number): void {
    const control = (this.#controls + i * CONTROL_BYTES) >> 2;
    const { words } = this;
    const hasOne = words[i * HEADER_WORDS + CONTROL_LENGTH]! >= PKTINFO_LENGTH;
    const level = hasOne ? words[control + CMSG_LEVEL]! : -1;
    for (let k = 0; k < LOCAL_WORDS; k++) to[at + k] = 0;
    if (level === IPPROTO_IP) {
      to[at] = words[control + CMSG_DATA + 1]!;
    } else if (level === IPPROTO_IPV6) {
      for (let k = 0; k < 4; k++) to[at + k] = words[control + CMSG_DATA + k]!;
      const isLinkLocal = (to[at]! & LINK_LOCAL_MASK) === LINK_LOCAL;
      if (isLinkLocal) to[at + 4] = words[control + CMSG_DATA + 4]!;
    }
  }

  /**
   * Writes which of our addresses a datagram leaves from, as `readLocal` gave it; `family` is that of
   * the socket, 0 leaves it to the socket.
   */
  setLocal(i: number, family: number, from: Int32Array, at: number): void {
    const control = (this.#controls + i * CONTROL_BYTES) >> 2;
    const { words } = this;
    if (family === 0) {
      words[i * HEADER_WORDS + CONTROL_LENGTH] = 0;
      return;
    }
    const isIpv4 = family === AF_INET;
    words[i * HEADER_WORDS + CONTROL_LENGTH] = isIpv4 ? PKTINFO_SPACE : PKTINFO6_SPACE;
    words[control] = isIpv4 ? PKTINFO_LENGTH : PKTINFO6_LENGTH;
    words[control + 1] = 0;
    words[control + CMSG_LEVEL] = isIpv4 ? IPPROTO_IP : IPPROTO_IPV6;
    words[control + CMSG_TYPE] = isIpv4 ? IP_PKTINFO : IPV6_PKTINFO;
    if (isIpv4) {
      words[control + CMSG_DATA] = 0;
      words[control + CMSG_DATA + 1] = from[at]!;
      words[control + CMSG_DATA + 2] = 0;
    } else {
      for (let k = 0; k < LOCAL_WORDS; k++) words[control + CMSG_DATA + k] = from[at + k]!;
    }
  }
}

const AF_UNIX_DATAGRAMS = [1, 2] as const;

/** Sends datagrams to itself and compares: a wrong layout must be found before it serves. */
export function checkLayout(): void {
  const pair = new Int32Array(2);
  const [family, type] = AF_UNIX_DATAGRAMS;
  assert(libc.socketpair(family, type, 0, libc.addressOf(pair)) === 0, 'a pair of sockets is made');
  const out = new DatagramBatch(2);
  const back = new DatagramBatch(3);
  for (let i = 0; i < 2; i++) {
    out.words[i * HEADER_WORDS + NAME_LENGTH] = 0;
    out.setLocal(i, 0, out.words, 0);
    out.bytes[out.offsetOf(i)] = 65 + i;
    out.setLength(i, 1 - i);
  }
  const sent = out.send(pair[0]!, 0, 2);
  const got = back.receive(pair[1]!, 0, 3);
  libc.close(pair[0]!);
  libc.close(pair[1]!);
  const isRight =
    sent === 2 &&
    got === 2 &&
    back.lengthOf(0) === 1 &&
    back.lengthOf(1) === 0 &&
    back.bytes[back.offsetOf(0)] === 65 &&
    back.bytes[back.offsetOf(1)] === 0 &&
    !back.isTruncated(0);
  assert(isRight, 'struct mmsghdr is laid out as this program has it');
}
