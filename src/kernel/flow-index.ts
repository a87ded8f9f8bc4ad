/** Which entries of the kernel's table of connections are ours, and whose they are. Pure. */
import type { Flow, FlowFamily, FlowProtocol } from '../codec/netlink/conntrack.ts';
import type { Plan } from '../config/plan.ts';

/** What a flow of ours is on. */
export type FlowPlace = {
  /** Key of its listener. */
  readonly listener: string;
  /** Key of its server; null where it found none, or where that has left the pool. */
  readonly server: string | null;
  /** Whether it found no server: its packets go to this node itself. */
  readonly isUnserved: boolean;
};

type Listener = {
  readonly key: string;
  /** Keys of servers by `address port`. */
  readonly servers: ReadonlyMap<string, string>;
};

/** A family and protocol that has listeners whose flows the kernel keeps. */
export type FlowKind = { readonly family: FlowFamily; readonly protocol: FlowProtocol };

/** Finds servers of flows, by the binds of listeners. Stateless ones have no flows. */
export class FlowIndex {
  /** By protocol and bind. */
  readonly #listeners = new Map<string, Listener>();
  readonly kinds: readonly FlowKind[];

  constructor({ kernel, pools }: Plan) {
    const kinds = new Map<string, FlowKind>();
    for (const { key: listener, binds, form, pool, protocol } of kernel) {
      if (form === 'stateless') continue;
      const servers = new Map(
        pools[pool]!.servers.map(({ key, address }) => [`${address.host} ${address.port}`, key]),
      );
      for (const { family, host, port } of binds) {
        if (family === 'unix') continue;
        this.#listeners.set(`${protocol} ${host} ${port}`, { key: listener, servers });
        kinds.set(`${family} ${protocol}`, { family, protocol });
      }
    }
    this.kinds = [...kinds.values()];
  }

  /** Whose a flow is; null where it is not of a listener. */
  placeOf(protocol: FlowProtocol, { from, to, replyFrom, replyTo }: Flow): FlowPlace | null {
    const asked = this.#listeners.get(`${protocol} ${to}`);
    if (asked !== undefined) return placeAt(asked, replyFrom, replyFrom === to);
    // A server has spoken first, on a connection that this node has not seen begin.
    const spoken = this.#listeners.get(`${protocol} ${replyTo}`);
    return spoken === undefined ? null : placeAt(spoken, from, false);
  }
}

function placeAt({ key, servers }: Listener, server: string, isUnserved: boolean): FlowPlace {
  return { listener: key, server: servers.get(server) ?? null, isUnserved };
}
