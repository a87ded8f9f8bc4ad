/** Everything that a group looks at itself: its data paths, interfaces and gateways. */
import type { AddressPlan } from '../config/plan-addresses.ts';
import type { Netlink } from '../sys/netlink.ts';
import { DataPath } from './data-path.ts';
import type { TrackVerdict } from './guard-protocol.ts';
import { LinkTrackers } from './link-trackers.ts';
import type { NeighbourPort } from './neighbour-port.ts';
import type { Reactor } from './reactor.ts';

export type WatchesParts = {
  readonly reactor: Reactor;
  readonly netlink: Netlink;
  readonly onChange: () => void;
};

type Watched = { readonly plan: AddressPlan; readonly neighbours: NeighbourPort };

export class Watches {
  readonly #parts: WatchesParts;
  #dataPaths: readonly DataPath[] = [];
  #trackers: readonly LinkTrackers[] = [];

  constructor(parts: WatchesParts) {
    this.#parts = parts;
  }

  /** Looks at what these entries name from now on. */
  use(entries: readonly Watched[], isHolding: boolean): void {
    this.close();
    const { reactor, onChange } = this.#parts;
    this.#trackers = entries.map(
      ({ plan, neighbours }) => new LinkTrackers(plan.tracks, { ...this.#parts, port: neighbours }),
    );
    this.#dataPaths = entries.flatMap(({ plan: { health } }) =>
      health === null || health.listeners.length === 0
        ? []
        : [new DataPath(reactor, health, onChange)],
    );
    this.setHolding(isHolding);
  }

  setHolding(isHolding: boolean): void {
    for (const path of this.#dataPaths) path.setHolding(isHolding);
  }

  /** Connects to the listeners at once: the workers are silent. */
  doubt(): void {
    for (const path of this.#dataPaths) path.doubt();
  }

  close(): void {
    for (const part of [...this.#dataPaths, ...this.#trackers]) part.close();
  }

  /** By listener, whether connections are answered. */
  get dataPath(): ReadonlyMap<string, boolean> {
    return new Map(this.#dataPaths.flatMap((path) => [...path.verdicts]));
  }

  /** Of trackers, by their key. */
  get verdicts(): ReadonlyMap<string, TrackVerdict> {
    return new Map(this.#trackers.flatMap((one) => [...one.verdicts]));
  }
}
