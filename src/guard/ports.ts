/** The ports of all interfaces in use, shared by the groups. */
import { BallastError } from '../base/errors.ts';
import type { IpFamily } from '../codec/vrrp/advert.ts';
import { parseIp } from '../codec/ip-address.ts';
import { AdvertPort } from './advert-port.ts';
import { NeighbourPort } from './neighbour-port.ts';
import type { Reactor } from './reactor.ts';

export class Ports {
  readonly #reactor: Reactor;
  readonly #adverts = new Map<string, AdvertPort>();
  readonly #neighbours = new Map<string, NeighbourPort>();
  /** Texts of all floating addresses: what an interface has of them is not its own. */
  readonly floating = new Set<string>();

  constructor(reactor: Reactor) {
    this.#reactor = reactor;
  }

  advert(name: string, family: IpFamily, source: string | null): AdvertPort {
    const given = source === null ? null : parseIp(source);
    const isOfFamily = given !== null && given.length === (family === 'ipv4' ? 4 : 16);
    const key = `${name} ${family} ${isOfFamily ? source : ''}`;
    let port = this.#adverts.get(key);
    if (port === undefined) {
      port = new AdvertPort({
        reactor: this.#reactor,
        interface: name,
        family,
        source: isOfFamily ? given : null,
        floating: this.floating,
      });
      this.#adverts.set(key, port);
    }
    return port;
  }

  neighbour(name: string): NeighbourPort {
    let port = this.#neighbours.get(name);
    if (port === undefined) {
      const options = { reactor: this.#reactor, interface: name, floating: this.floating };
      port = new NeighbourPort(options);
      this.#neighbours.set(name, port);
    }
    return port;
  }

  /** Which ports are open, as a text that changes with them. */
  get openOnes(): string {
    let text = '';
    for (const port of this.#adverts.values()) text += port.isOpen ? '1' : '0';
    return text;
  }

  /** Opens what can be opened by now, and closes what has lost its interface. */
  reopen(): void {
    for (const port of [...this.#adverts.values(), ...this.#neighbours.values()]) {
      try {
        port.open();
      } catch (error) {
        if (!(error instanceof BallastError)) throw error;
      }
    }
  }

  /** Closes what no virtual router uses any more. */
  sweep(interfaces: ReadonlySet<string>): void {
    for (const [key, port] of this.#adverts) {
      if (!port.isUnused) continue;
      port.close();
      this.#adverts.delete(key);
    }
    for (const [name, port] of this.#neighbours) {
      if (interfaces.has(name)) continue;
      port.close();
      this.#neighbours.delete(name);
    }
  }
}
