/**
 * The addresses and routes of one entry, in the kernel: set with a short lifetime and renewed, so that
 * the kernel itself removes them when the guardian does not go on.
 */
import { formatIp, parseIp } from '../codec/ip-address.ts';
import { equalBytes } from '../codec/mac.ts';
import { ADDRESS_MAKER, dumpAddresses, readAddress } from '../codec/netlink/address.ts';
import { removeAddress, setAddress, type SeenAddress } from '../codec/netlink/address.ts';
import { removeRoute, setRoute, type Route } from '../codec/netlink/route.ts';
import type { Timer } from '../base/timer-heap.ts';
import type { AddressPlan, FloatingIpPlan } from '../config/plan-addresses.ts';
import { errnoText, EADDRNOTAVAIL, ENODEV, ESRCH } from '../sys/errno.ts';
import type { Netlink } from '../sys/netlink.ts';
import { rawError } from '../sys/raw-sockets.ts';
import { interfaceIndex } from '../sys/packet-sockets.ts';
import { deviceName, openDevices, removeDevices, shutDevices } from './devices.ts';
import { interfaceFacts, type InterfaceFacts } from './interface-facts.ts';
import type { Reactor } from './reactor.ts';

/** Renewals in each lease. */
const RENEWALS = 4;
/** Without a lease it is looked after so often, in ms. */
const LOOK_MS = 500;
/** The kernel may look at lifetimes so much before we do, in ms. */
const CLOCK_MS = 50;
/** An address that was taken away so often within the time cannot be kept. */
const TAKEN = { times: 10, withinMs: 10_000 } as const;

export type KeeperEvents = {
  /** Another program has removed an address; it was put back. */
  readonly onTaken: (ip: string) => void;
  /** It is removed again and again, or the kernel refuses it: another node should have it. */
  readonly onCannotKeep: (why: string) => void;
};

export class AddressKeeper {
  readonly #reactor: Reactor;
  readonly #netlink: Netlink;
  readonly #events: KeeperEvents;
  #plan: AddressPlan;
  #timer: Timer | null = null;
  #taken: number[] = [];
  #setMs = -Infinity;
  isHolding = false;

  constructor(reactor: Reactor, netlink: Netlink, plan: AddressPlan, events: KeeperEvents) {
    this.#reactor = reactor;
    this.#netlink = netlink;
    this.#plan = plan;
    this.#events = events;
  }

  /** Sets everything and renews it from now on. Called again, it does so at once. */
  hold(): void {
    this.isHolding = true;
    this.#taken = [];
    this.#set(this.#plan);
    this.#arm();
  }

  /** Renews from now on what the kernel still has. What has run out stays away until `hold`. */
  keep(): void {
    this.isHolding = true;
    this.#taken = [];
    const { leased } = this.look();
    if (leased.length > 0) this.#set(this.#plan, leased);
    this.#arm();
  }

  /** Removes everything that it has set. */
  release(): void {
    this.isHolding = false;
    this.#reactor.cancel(this.#timer);
    this.#timer = null;
    this.#remove(this.#plan.ips, this.#plan);
    shutDevices(this.#netlink, this.#plan);
  }

  /** The same, for good. */
  end(): void {
    this.release();
    removeDevices(this.#netlink, this.#plan);
  }

  /** Renews no more, and removes nothing: for a process that follows. */
  leave(): void {
    this.isHolding = false;
    this.#reactor.cancel(this.#timer);
    this.#timer = null;
  }

  /** Another configuration of the same entry: what stays in it is not touched. */
  setPlan(plan: AddressPlan): void {
    const before = this.#plan;
    this.#plan = plan;
    if (!this.isHolding) return;
    const gone = before.ips.filter((ip) => !plan.ips.some((one) => one.host === ip.host));
    this.#remove(gone, { ...before, routes: [] });
    this.hold();
  }

  /** What the kernel has of our addresses; those that another has set for ever stand apart. */
  look(): { readonly leased: readonly string[]; readonly foreign: readonly string[] } {
    const leased: string[] = [];
    const foreign: string[] = [];
    for (const message of this.#netlink.dump(dumpAddresses)) {
      const seen = readAddress(message);
      if (seen === null || !this.#has(seen)) continue;
      const isOurs = seen.validS !== null || seen.maker === ADDRESS_MAKER;
      (isOurs ? leased : foreign).push(formatIp(seen.ip));
    }
    return { leased, foreign };
  }

  /** News of an address of any interface. */
  onAddress(seen: SeenAddress): void {
    if (!this.isHolding || !seen.isGone || !this.#has(seen)) return;
    const { nowMs } = this.#reactor;
    // This process was kept from renewing it: whose it is now is for the election to say.
    if (this.#hasRunOut()) return;
    this.#taken = this.#taken.filter((at) => nowMs - at < TAKEN.withinMs);
    this.#taken.push(nowMs);
    this.#set(this.#plan);
    this.#events.onTaken(formatIp(seen.ip));
    if (this.#taken.length <= TAKEN.times) return;
    this.#taken = [];
    this.#events.onCannotKeep(`another program removes ${formatIp(seen.ip)} again and again`);
  }

  #has({ ip, index, family }: SeenAddress): boolean {
    const isOne = this.#plan.ips.some(({ host }) => equalBytes(parseIp(host)!, ip));
    return isOne && index === indexFor(this.#plan, family);
  }

  #arm(): void {
    this.#reactor.cancel(this.#timer);
    const { leaseMs } = this.#plan;
    this.#timer = this.#reactor.after(leaseMs === 0 ? LOOK_MS : leaseMs / RENEWALS, () => {
      if (this.#hasRunOut()) this.keep();
      else if (this.#plan.leaseMs > 0) this.#set(this.#plan);
      this.#arm();
    });
  }

  #hasRunOut(): boolean {
    const { leaseMs } = this.#plan;
    return leaseMs > 0 && this.#reactor.nowMs - this.#setMs >= leaseMs - CLOCK_MS;
  }

  /** Sets all addresses, or those of `only`. */
  #set(plan: AddressPlan, only: readonly string[] | null = null): void {
    this.#setMs = this.#reactor.nowMs;
    if (interfaceIndex(plan.interface) === 0) return;
    const made = openDevices(this.#netlink, plan);
    if (made !== 0)
      this.#refused(
        `make an interface with the virtual MAC of id ${plan.vrrp.id} on ${plan.interface}`,
        made,
      );
    const networks = ownNetworks(plan);
    const indices = indicesOf(plan);
    for (const ip of plan.ips) {
      if (only?.includes(ip.host) === false) continue;
      const index = indices[ip.family];
      const own = parseIp(ip.host)!;
      const hasPrefixRoute = networks.some((network) => isWithin(own, network.ip, ip.prefix));
      const errno = this.#netlink.request((sequence) =>
        setAddress({ ...toSet(ip, index), validS: plan.leaseMs / 1000, hasPrefixRoute }, sequence),
      );
      if (errno !== 0 && errno !== ENODEV) {
        this.#refused(`set the address ${ip.host}/${ip.prefix} on ${plan.interface}`, errno);
      }
    }
    for (const route of routesOf(plan, networks)) {
      const errno = this.#netlink.request((sequence) => setRoute(route, sequence));
      if (errno !== 0) this.#refused(`set the route to ${formatIp(route.destination)}`, errno);
    }
  }

  #remove(ips: readonly FloatingIpPlan[], plan: AddressPlan): void {
    if (interfaceIndex(plan.interface) === 0) return;
    for (const route of routesOf(plan, ownNetworks(plan))) {
      this.#netlink.request((sequence) => removeRoute(route, sequence));
    }
    const indices = indicesOf(plan);
    for (const ip of ips) {
      const index = indices[ip.family];
      if (index === 0) continue;
      const errno = this.#netlink.request((sequence) => removeAddress(toSet(ip, index), sequence));
      if (errno === 0 || errno === EADDRNOTAVAIL || errno === ESRCH || errno === ENODEV) continue;
      this.#refused(`remove the address ${ip.host} from ${plan.interface}`, errno);
    }
  }

  #refused(action: string, errno: number): void {
    this.#events.onCannotKeep(rawError(action, errno).message || errnoText(errno));
  }
}

/** Networks that the interface itself has a route to, where that matters: see `hasPrefixRoute`. */
function ownNetworks({ interface: name, ips, vrrp }: AddressPlan): InterfaceFacts['networks'] {
  if (!vrrp.virtualMac && !ips.some(({ family }) => family === 'ipv6')) return [];
  const { networks } = interfaceFacts(name, new Set(ips.map(({ host }) => host)));
  // An address of IPv4 beside others of its network is a secondary one, and brings no route.
  return vrrp.virtualMac ? networks : networks.filter(({ ip }) => ip.length === 16);
}

/** Index of the interface that addresses of a family stand on; 0 where it is not there. */
const indexFor = (plan: AddressPlan, family: 'ipv4' | 'ipv6'): number =>
  interfaceIndex(deviceName(plan, family));

/** The same for both, asked once for all addresses: each costs some calls of the kernel. */
const indicesOf = (plan: AddressPlan): Readonly<Record<'ipv4' | 'ipv6', number>> => ({
  ipv4: indexFor(plan, 'ipv4'),
  ipv6: indexFor(plan, 'ipv6'),
});

function toSet(ip: FloatingIpPlan, index: number): Parameters<typeof removeAddress>[0] {
  const { family, prefix, scope } = ip;
  return { family, index, ip: parseIp(ip.host)!, prefix, scope };
}

function routesOf(plan: AddressPlan, networks: InterfaceFacts['networks']): Route[] {
  // With a virtual MAC a gateway in a network that the addresses alone bring is reached by theirs.
  const isBelow = (via: string | null): boolean =>
    via === null || networks.some(({ ip, prefix }) => isWithin(parseIp(via)!, ip, prefix));
  return plan.routes.map((route) => ({
    family: route.family,
    index: isBelow(route.via) ? interfaceIndex(plan.interface) : indexFor(plan, route.family),
    destination: parseIp(route.host)!,
    prefix: route.prefix,
    via: route.via === null ? null : parseIp(route.via),
    source: route.source === null ? null : parseIp(route.source),
    table: route.table,
    metric: route.metric,
  }));
}

/** Whether the first `prefix` bits of both are alike. */
function isWithin(a: Uint8Array, b: Uint8Array, prefix: number): boolean {
  if (a.length !== b.length) return false;
  for (let bit = 0; bit < prefix; bit += 8) {
    const mask = prefix - bit >= 8 ? 0xff : (0xff << (8 - (prefix - bit))) & 0xff;
    if ((a[bit >> 3]! & mask) !== (b[bit >> 3]! & mask)) return false;
  }
  return true;
}
