/**
 * Sockets for netlink(7): questions that are answered before the call returns, and news of changes.
 * The kernel works a request off while it is sent, so that its answer is there at once.
 */
import { setImmediate as immediate } from 'node:timers/promises';
import { BallastError } from '../base/errors.ts';
import { errorNumber, NLMSG_DONE, NLMSG_ERROR, splitMessages } from '../codec/netlink/message.ts';
import type { NetlinkMessage } from '../codec/netlink/message.ts';
import { EAGAIN, EINTR, ENOBUFS, errnoText, ETIMEDOUT } from './errno.ts';
import * as libc from './libc.ts';
import { SOCK_CLOEXEC, SOCK_NONBLOCK, SOL_SOCKET } from './sockets.ts';

// Must match <linux/netlink.h>, <linux/rtnetlink.h> and <asm-generic/socket.h>.
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SO_RCVBUF = 8;
const NETLINK_ROUTE = 0;
const NETLINK_NETFILTER = 12;
const RTMGRP_LINK = 0x1;
const RTMGRP_IPV4_IFADDR = 0x10;
const RTMGRP_IPV6_IFADDR = 0x100;

/** The kernel packs up to 32 KiB into one answer. */
const ANSWER_BYTES = 64 << 10;
/** News that wait for us; past it the kernel says ENOBUFS, and everything is asked anew. */
const NEWS_BYTES = 1 << 20;
/** What a dump has read before other work gets its turn; some 200 entries are in each. */
const ANSWERS_A_TURN = 16;
/** Receives in one turn: a flood of news must not keep advertisements waiting. */
const RECEIVES_MAX = 32;

const answer = Buffer.from(new ArrayBuffer(ANSWER_BYTES));
const answerAddress = libc.lastingAddressOf(answer);

function open(protocol: number, groups: number): number {
  const fd = libc.socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
  const address = new Uint8Array(12);
  const view = new DataView(address.buffer);
  view.setUint16(0, AF_NETLINK, true);
  view.setUint32(8, groups, true);
  if (fd < 0 || libc.bindSocket(fd, libc.addressOf(address), address.length) < 0) {
    const why = errnoText(libc.errno());
    throw new BallastError('BAL_ADDRESS_SOCKET', `cannot speak to the kernel (netlink): ${why}`);
  }
  return fd;
}

/** What of the kernel is asked: addresses, links and routes, or its firewall. */
export type NetlinkFamily = 'route' | 'netfilter';

/** Puts questions. */
export class Netlink {
  readonly #fd: number;
  #sequence = 0;

  constructor(family: NetlinkFamily) {
    this.#fd = open(family === 'route' ? NETLINK_ROUTE : NETLINK_NETFILTER, 0);
  }

  /** Sends what `build` makes of a sequence number; returns 0, or an error number. */
  request(build: (sequence: number) => Uint8Array): number {
    const sequence = this.#send(build);
    if (sequence < 0) return libc.errno();
    for (const message of this.#answers()) {
      if (message.sequence !== sequence) continue;
      if (message.type === NLMSG_ERROR) return errorNumber(message);
    }
    return ETIMEDOUT;
  }

  /** All messages that answer a dump. What the kernel refuses is an empty list. */
  dump(build: (sequence: number) => Uint8Array): NetlinkMessage[] {
    const sequence = this.#send(build);
    const found: NetlinkMessage[] = [];
    if (sequence < 0) return found;
    for (const message of this.#answers()) {
      if (message.sequence !== sequence) continue;
      if (message.type === NLMSG_DONE || message.type === NLMSG_ERROR) break;
      found.push({ ...message, body: Buffer.from(message.body) });
    }
    return found;
  }

  /**
   * Hands over each message that answers a dump, with other work done in between; resolves with
   * whether the kernel has answered to the end. One at a time, and nothing else meanwhile.
   */
  async dumpInTurns(
    build: (sequence: number) => Uint8Array,
    onMessage: (message: NetlinkMessage) => void,
  ): Promise<boolean> {
    const sequence = this.#send(build);
    if (sequence < 0) return false;
    for (let receives = 1; ; receives++) {
      const got = libc.recv(this.#fd, answerAddress, ANSWER_BYTES, 0);
      if (got < 0 && libc.errno() === EINTR) continue;
      if (got <= 0) return false;
      for (const message of splitMessages(answer.subarray(0, got))) {
        if (message.sequence !== sequence) continue;
        if (message.type === NLMSG_DONE) return true;
        if (message.type === NLMSG_ERROR) return false;
        onMessage(message);
      }
      if (receives % ANSWERS_A_TURN === 0) await immediate();
    }
  }

  close(): void {
    libc.close(this.#fd);
  }

  #send(build: (sequence: number) => Uint8Array): number {
    this.#sequence++;
    const message = build(this.#sequence);
    const sent = libc.send(this.#fd, libc.addressOf(message), message.length, 0);
    return sent < 0 ? -1 : this.#sequence;
  }

  *#answers(): Generator<NetlinkMessage> {
    for (;;) {
      const got = libc.recv(this.#fd, answerAddress, ANSWER_BYTES, 0);
      if (got < 0 && libc.errno() === EINTR) continue;
      if (got <= 0) return;
      yield* splitMessages(answer.subarray(0, got));
    }
  }
}

/** Hears of every change of links and addresses in this network namespace. */
export class NetlinkNews {
  readonly fd = open(NETLINK_ROUTE, RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR);

  constructor() {
    const size = new Int32Array([NEWS_BYTES]);
    libc.setsockopt(this.fd, SOL_SOCKET, SO_RCVBUF, libc.addressOf(size), 4);
  }

  /** Hands over what has come; returns false where some of it was lost, so that one must look. */
  receive(onNews: (message: NetlinkMessage) => void): boolean {
    for (let i = 0; i < RECEIVES_MAX; i++) {
      const got = libc.recv(this.fd, answerAddress, ANSWER_BYTES, 0);
      if (got < 0) {
        const errno = libc.errno();
        if (errno === ENOBUFS) return false;
        if (errno === EAGAIN) return true;
        continue;
      }
      // A copy: who hears of it may ask something, into the same memory.
      const news = Buffer.from(answer.subarray(0, got));
      for (const message of splitMessages(news)) onNews(message);
    }
    return true;
  }
}
