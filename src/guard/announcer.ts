/** Tells neighbours where addresses are: at once, a few times more, then each minute. */
import { gratuitousArp } from '../codec/arp.ts';
import { parseIp } from '../codec/ip-address.ts';
import { virtualMac } from '../codec/mac.ts';
import { unsolicitedAdvertisement } from '../codec/neighbour.ts';
import type { Timer } from '../base/timer-heap.ts';
import type { AddressPlan } from '../config/plan-addresses.ts';
import type { NeighbourPort } from './neighbour-port.ts';
import type { Reactor } from './reactor.ts';

/**
 * Times of the announcements after taking over, in ms: Linux before 4.13 ignores a change within a
 * second of the last, and frames are lost.
 */
const ANNOUNCE_AT_MS = [0, 100, 300, 1_200, 2_400, 5_000] as const;
/** Gear that forgets, or was rebooted, learns anew. */
const REFRESH_MS = 60_000;

export class Announcer {
  readonly #reactor: Reactor;
  readonly #port: NeighbourPort;
  readonly #timers = new Set<Timer>();
  #plan: AddressPlan;

  constructor(reactor: Reactor, port: NeighbourPort, plan: AddressPlan) {
    this.#reactor = reactor;
    this.#port = port;
    this.#plan = plan;
  }

  /** The addresses from now on; new ones are announced with the next announcement. */
  setPlan(plan: AddressPlan): void {
    this.#plan = plan;
  }

  /** Begins anew. */
  announce(): void {
    this.stop();
    for (const afterMs of ANNOUNCE_AT_MS) {
      if (afterMs === 0) this.#send();
      else this.#later(afterMs, () => this.#send());
    }
    this.#later(REFRESH_MS, () => this.#refresh());
  }

  stop(): void {
    for (const timer of this.#timers) this.#reactor.cancel(timer);
    this.#timers.clear();
  }

  #refresh(): void {
    this.#send();
    this.#later(REFRESH_MS, () => this.#refresh());
  }

  #later(afterMs: number, run: () => void): void {
    const timer = this.#reactor.after(afterMs, () => {
      this.#timers.delete(timer);
      run();
    });
    this.#timers.add(timer);
  }

  #send(): void {
    const { ips, vrrp } = this.#plan;
    const frames = ips.flatMap(({ host, family }) => {
      const mac = vrrp.virtualMac ? virtualMac(family, vrrp.id) : this.#port.mac;
      const ip = parseIp(host)!;
      return family === 'ipv4' ? gratuitousArp(mac, ip) : [unsolicitedAdvertisement(mac, ip)];
    });
    this.#port.sendPaced(frames);
  }
}
