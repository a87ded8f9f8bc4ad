/** One virtual router: one family of one entry of `addresses`, and what it says and hears. */
import { formatIp, parseIp } from '../codec/ip-address.ts';
import { VRRP_GROUP, type IpFamily } from '../codec/vrrp/advert.ts';
import { decodeAdvert, type AdvertFault, type DecodedAdvert } from '../codec/vrrp/decode.ts';
import { setPseudoChecksum } from '../codec/vrrp/checksum.ts';
import { encodeAdvert } from '../codec/vrrp/encode.ts';
import { equalBytes } from '../codec/mac.ts';
import type { AddressPlan } from '../config/plan-addresses.ts';
import { ipSockaddr, sendVrrp, type ReceivedVrrp } from '../sys/vrrp-sockets.ts';
import type { AdvertAuth } from './advert-auth.ts';
import type { AdvertPort } from './advert-port.ts';

/** An advertisement as the group gets it. */
export type FaceAdvert = DecodedAdvert & {
  readonly peer: string;
  readonly hops: number;
  readonly isMulticast: boolean;
  readonly addresses: 'same' | 'overlapping' | 'disjoint';
  /** Whether the sender's address is the greater one. */
  readonly isGreater: boolean;
};

export type FaceOptions = {
  readonly plan: AddressPlan;
  readonly family: IpFamily;
  readonly port: AdvertPort;
  /** Hosts that it advertises to; and whether to the group as well. */
  readonly peers: readonly string[];
  readonly toGroup: boolean;
  /** Null: advertisements are neither signed nor looked at for a signature. */
  readonly auth: AdvertAuth | null;
  /** Whether it stands on the interface of the addresses. */
  readonly isFirstPath: boolean;
  readonly onAdvert: (advert: FaceAdvert) => void;
  readonly onFault: (fault: AdvertFault, peer: string) => void;
};

type ReadyMessage = {
  readonly message: Uint8Array;
  readonly destination: Uint8Array;
  /** The destination as the kernel wants it. */
  readonly to: Uint8Array;
};

export class Face {
  readonly family: IpFamily;
  readonly port: AdvertPort;
  readonly options: FaceOptions;
  readonly #addresses: readonly Uint8Array[];
  readonly #peers: readonly Uint8Array[];
  /** The message of one priority, made for one source. */
  #made: {
    priority: number;
    source: Uint8Array;
    messages: readonly ReadyMessage[];
  } | null = null;

  constructor(options: FaceOptions) {
    const { plan, family, port } = options;
    this.options = options;
    this.family = family;
    this.port = port;
    this.#addresses = plan.ips
      .filter((ip) => ip.family === family && ip.advertise)
      .map(({ host }) => parseIp(host)!)
      .toSorted(linkLocalFirst);
    const size = family === 'ipv4' ? 4 : 16;
    this.#peers = options.peers.map((peer) => parseIp(peer)!).filter((ip) => ip.length === size);
    port.subscribe(plan.vrrp.id, (received) => this.#hear(received));
  }

  close(): void {
    this.port.unsubscribe(this.options.plan.vrrp.id);
  }

  /** Sends an advertisement; does nothing while the port is closed. Returns how many went. */
  send(priority: number): number {
    const { port } = this;
    if (!port.isOpen || port.source === null) return 0;
    if (this.#made?.priority !== priority || this.#made.source !== port.source) {
      this.#made = { priority, source: port.source, messages: this.#make(priority, port.source) };
    }
    let sent = 0;
    for (const ready of this.#made.messages) {
      if (sendVrrp(port.sender, this.#signed(ready, port.source), ready.to)) sent++;
    }
    return sent;
  }

  #signed({ message, destination }: ReadyMessage, source: Uint8Array): Uint8Array {
    const { auth } = this.options;
    if (auth === null) return message;
    const signed = auth.sign(message, { family: this.family, source });
    // The kernel of a peer checks the checksum of IPv6 over all that the packet carries.
    if (this.family === 'ipv6') setPseudoChecksum(signed, { source, destination });
    return signed;
  }

  #make(priority: number, source: Uint8Array): readonly ReadyMessage[] {
    const { plan, family } = this.options;
    const { vrrp } = plan;
    const advert = {
      version: family === 'ipv6' ? (3 as const) : vrrp.version,
      vrid: vrrp.id,
      priority,
      intervalMs: vrrp.intervalMs,
      addresses: this.#addresses,
    };
    const group = this.options.toGroup ? [parseIp(VRRP_GROUP[family])!] : [];
    const to = [...group, ...this.#peers];
    return to.map((destination) => ({
      message: encodeAdvert(advert, { family, source, destination }, vrrp.checksum),
      destination,
      to: ipSockaddr(destination, this.port.index),
    }));
  }

  #hear({ message, source, destination, hops }: ReceivedVrrp): void {
    const { family } = this;
    const decoded = decodeAdvert(message, { family, source, destination });
    const peer = formatIp(source);
    if (typeof decoded === 'string') {
      this.options.onFault(decoded, peer);
      return;
    }
    const { auth } = this.options;
    const { intervalMs } = decoded.advert;
    const about = { peer, intervalMs };
    const fault = auth?.check(message, decoded.length, { family, source }, about) ?? null;
    if (fault !== null) this.options.onFault(fault, peer);
    if (fault !== null && auth?.isLenient !== true) return;
    this.options.onAdvert({
      ...decoded,
      peer,
      hops,
      isMulticast: family === 'ipv4' ? destination[0]! >= 224 : destination[0] === 0xff,
      addresses: this.#compare(decoded.advert.addresses),
      isGreater: this.port.source !== null && isGreater(source, this.port.source),
    });
  }

  #compare(theirs: readonly Uint8Array[]): FaceAdvert['addresses'] {
    const ours = this.#addresses;
    const common = theirs.filter((ip) => ours.some((own) => equalBytes(own, ip))).length;
    if (common === ours.length && common === theirs.length) return 'same';
    return common > 0 ? 'overlapping' : 'disjoint';
  }
}

/** The first address of IPv6 must be link-local, where there is one (RFC 9568 §5.2.9). */
function linkLocalFirst(a: Uint8Array, b: Uint8Array): number {
  const rank = (ip: Uint8Array): number => (ip[0] === 0xfe && (ip[1]! & 0xc0) === 0x80 ? 0 : 1);
  return rank(a) - rank(b);
}

/** As unsigned numbers in network order (RFC 9568 §6.4.3). */
function isGreater(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! > b[i]!;
  return false;
}
