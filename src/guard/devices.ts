/**
 * Where addresses stand: on the interface of their entry, or with a virtual MAC on interfaces of our
 * own on top of it, one for each family (macvlan). Those are made when the addresses come, put down
 * when they go, so that nothing answers to the MAC, and removed at the end.
 */
import { readFileSync } from 'node:fs';
import { virtualMac } from '../codec/mac.ts';
import { dumpAddresses, readAddress } from '../codec/netlink/address.ts';
import { dumpLinks, readLink } from '../codec/netlink/link.ts';
import { createMacvlan, INET, removeLink, setAlias, setInet } from '../codec/netlink/macvlan.ts';
import { setLinkUp, withoutOwnSix } from '../codec/netlink/macvlan.ts';
import type { AddressPlan } from '../config/plan-addresses.ts';
import type { Netlink } from '../sys/netlink.ts';
import { interfaceIndex } from '../sys/packet-sockets.ts';

/** Written to our interfaces, so that they are found after a crash. */
const ALIAS = 'ballast: virtual MAC';

type Family = 'ipv4' | 'ipv6';

/** Name of the interface that addresses of a family stand on. */
export function deviceName({ interface: base, vrrp }: AddressPlan, family: Family): string {
  if (!vrrp.virtualMac) return base;
  return `vrrp${family === 'ipv4' ? 4 : 6}.${vrrp.id}.${interfaceIndex(base)}`;
}

/** Names of all interfaces that packets to the addresses come in by. */
export function inputNames(plan: AddressPlan): string[] {
  return [...new Set([plan.interface, ...plan.ips.map(({ family }) => deviceName(plan, family))])];
}

/** Whether addresses of both would stand on the same interfaces. */
export function standsAlike(a: AddressPlan, b: AddressPlan): boolean {
  return a.interface === b.interface && deviceName(a, 'ipv4') === deviceName(b, 'ipv4');
}

/** Makes what is not there and puts it up. Returns 0, or an error number. */
export function openDevices(netlink: Netlink, plan: AddressPlan): number {
  if (!plan.vrrp.virtualMac) return 0;
  const base = interfaceIndex(plan.interface);
  // It has vanished: what stood on it has, too.
  if (base === 0) return 0;
  for (const family of familiesOf(plan)) {
    const name = deviceName(plan, family);
    if (interfaceIndex(name) === 0) {
      const errno = make(netlink, { name, base, mac: virtualMac(family, plan.vrrp.id) });
      if (errno !== 0) return errno;
      if (family === 'ipv4') keepBaseSilent(netlink, plan.interface, base);
    }
    const index = interfaceIndex(name);
    const errno = netlink.request((sequence) => setLinkUp(index, true, sequence));
    if (errno !== 0) return errno;
  }
  return 0;
}

/** Puts them down. */
export function shutDevices(netlink: Netlink, plan: AddressPlan): void {
  for (const index of ownOnes(plan)) {
    netlink.request((sequence) => setLinkUp(index, false, sequence));
  }
}

export function removeDevices(netlink: Netlink, plan: AddressPlan): void {
  for (const index of ownOnes(plan)) netlink.request((sequence) => removeLink(index, sequence));
}

/** Removes what processes before this one have left, and no plan wants. */
export function sweepDevices(netlink: Netlink, plans: readonly AddressPlan[]): void {
  const wanted = new Set(plans.flatMap(inputNames));
  const left = new Set<number>();
  for (const message of netlink.dump(dumpLinks)) {
    const link = readLink(message);
    if (link?.alias === ALIAS && !wanted.has(link.name)) left.add(link.index);
  }
  if (left.size === 0) return;
  // One that carries an address is another balancer's on this machine.
  for (const message of netlink.dump(dumpAddresses)) left.delete(readAddress(message)?.index ?? 0);
  for (const index of left) netlink.request((sequence) => removeLink(index, sequence));
}

const familiesOf = ({ ips }: AddressPlan): Set<Family> => new Set(ips.map(({ family }) => family));

function ownOnes(plan: AddressPlan): number[] {
  if (!plan.vrrp.virtualMac) return [];
  const all = [...familiesOf(plan)].map((family) => interfaceIndex(deviceName(plan, family)));
  return all.filter((index) => index > 0);
}

function make(netlink: Netlink, own: { name: string; base: number; mac: Uint8Array }): number {
  const errno = netlink.request((sequence) => createMacvlan(own, sequence));
  if (errno !== 0) return errno;
  const index = interfaceIndex(own.name);
  netlink.request((sequence) => setAlias(index, ALIAS, sequence));
  // It answers for its own addresses alone; packets come in by it and leave by the interface below.
  const settings = [
    [INET.arpIgnore, 1],
    [INET.rpFilter, 2],
  ] as const;
  // Without IPv6 in the kernel the second is refused, and not needed.
  netlink.request((sequence) => withoutOwnSix(index, sequence));
  return netlink.request((sequence) => setInet(index, settings, sequence));
}

/** The interface below must not answer for our addresses, nor ask in their name. */
function keepBaseSilent(netlink: Netlink, name: string, index: number): void {
  const wanted = [
    [INET.arpIgnore, 1, 'arp_ignore'],
    [INET.arpAnnounce, 2, 'arp_announce'],
  ] as const;
  for (const [number, least, file] of wanted) {
    if (settingOf(name, file) >= least) continue;
    netlink.request((sequence) => setInet(index, [[number, least]], sequence));
  }
}

function settingOf(name: string, file: string): number {
  try {
    return Number(readFileSync(`/proc/sys/net/ipv4/conf/${name}/${file}`, 'latin1'));
  } catch {
    return 0;
  }
}
