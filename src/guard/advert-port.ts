/** VRRP of one family on one interface, shared by all its virtual routers. */
import { VRRP_GROUP, type IpFamily } from '../codec/vrrp/advert.ts';
import { parseIp } from '../codec/ip-address.ts';
import { equalBytes } from '../codec/mac.ts';
import { closeFd } from '../sys/sockets.ts';
import { openVrrpReceiver, openVrrpSender, receiveVrrp } from '../sys/vrrp-sockets.ts';
import type { ReceivedVrrp } from '../sys/vrrp-sockets.ts';
import { interfaceFacts } from './interface-facts.ts';
import type { Reactor } from './reactor.ts';

/** Messages taken in one turn: a flood must not keep our own from being sent. */
const MESSAGES_MAX = 64;

export type AdvertPortOptions = {
  readonly reactor: Reactor;
  readonly interface: string;
  readonly family: IpFamily;
  /** The configured source, or null for the interface's own address. */
  readonly source: Uint8Array | null;
  readonly floating: ReadonlySet<string>;
};

export class AdvertPort {
  readonly interface: string;
  readonly family: IpFamily;
  readonly #options: AdvertPortOptions;
  /** By vrid. */
  readonly #handlers = new Map<number, (received: ReceivedVrrp) => void>();
  #receiver = -1;
  /** Where messages come from; null while it is closed. */
  source: Uint8Array | null = null;
  sender = -1;
  index = 0;

  constructor(options: AdvertPortOptions) {
    this.#options = options;
    this.interface = options.interface;
    this.family = options.family;
  }

  get isOpen(): boolean {
    return this.sender >= 0;
  }

  /** Calls `handler` for each message with that vrid that is not our own. */
  subscribe(vrid: number, handler: (received: ReceivedVrrp) => void): void {
    this.#handlers.set(vrid, handler);
  }

  unsubscribe(vrid: number): void {
    this.#handlers.delete(vrid);
  }

  get isUnused(): boolean {
    return this.#handlers.size === 0;
  }

  /**
   * Opens the sockets where the interface has what they need, anew where it has become another one.
   * Returns whether they are open. Throws BAL_ADDRESS_PERMISSION or BAL_ADDRESS_SOCKET.
   */
  open(): boolean {
    const { family, reactor } = this.#options;
    const facts = interfaceFacts(this.interface, this.#options.floating);
    const own = family === 'ipv4' ? facts.ipv4 : facts.linkLocal;
    const source = this.#options.source ?? own;
    if (facts.index === 0 || source === null) {
      this.close();
      return false;
    }
    const isSame = this.index === facts.index && this.source !== null;
    if (isSame && equalBytes(this.source!, source)) return true;
    this.close();
    const where = { family, interface: this.interface, index: facts.index };
    this.#receiver = openVrrpReceiver(where, parseIp(VRRP_GROUP[family]));
    try {
      this.sender = openVrrpSender(where, source);
    } catch (error) {
      this.close();
      throw error;
    }
    if (this.sender < 0) {
      this.close();
      return false;
    }
    this.index = facts.index;
    this.source = source;
    reactor.watch(this.#receiver, () => this.#receive());
    return true;
  }

  close(): void {
    if (this.#receiver >= 0) {
      this.#options.reactor.unwatch(this.#receiver);
      closeFd(this.#receiver);
    }
    if (this.sender >= 0) closeFd(this.sender);
    this.#receiver = this.sender = -1;
    this.source = null;
    this.index = 0;
  }

  #receive(): void {
    for (let i = 0; i < MESSAGES_MAX && this.#receiver >= 0; i++) {
      const received = receiveVrrp(this.#receiver, this.family);
      if (received === null) return;
      if (received.message.length < 2) continue;
      // What we send to a group may come back to us.
      if (this.source !== null && equalBytes(received.source, this.source)) continue;
      this.#handlers.get(received.message[1]!)?.(received);
    }
  }
}
