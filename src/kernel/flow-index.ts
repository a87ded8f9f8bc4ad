/** Which entries of the kernel's table of connections are ours, and whose they are. Pure. */
import type { Flow, FlowFamily, FlowProtocol } from '../codec/netlink/conntrack.ts';
import type { Plan } from '../config/plan.ts';

/** What a flow of ours is on: a server by its key, or no server, as it found none. */
export type FlowPlace = { readonly server: string | null };

/** A family and protocol that has listeners whose flows the kernel keeps. */
export type FlowKind = { readonly family: FlowFamily; readonly protocol: FlowProtocol };

/** Finds servers of flows, by the binds of listeners. Stateless ones have no flows. */
export class FlowIndex {
  /** Keys of servers by `address port`, by protocol and bind. */
  readonly #servers = new Map<string, ReadonlyMap<string, string>>();
  readonly kinds: readonly FlowKind[];

  constructor({ kernel, pools }: Plan) {
    const kinds = new Map<string, FlowKind>();
    for (const { binds, form, pool, protocol } of kernel) {
      if (form === 'stateless') continue;
      const servers = new Map(
        pools[pool]!.servers.map(({ key, address }) => [`${address.host} ${address.port}`, key]),
      );
      for (const { family, host, port } of binds) {
        if (family === 'unix') continue;
        this.#servers.set(`${protocol} ${host} ${port}`, servers);
        kinds.set(`${family} ${protocol}`, { family, protocol });
      }
    }
    this.kinds = [...kinds.values()];
  }

  /** Whose a flow is; null where it is not of a listener, or of a server that has left. */
  placeOf(protocol: FlowProtocol, { from, to, replyFrom, replyTo }: Flow): FlowPlace | null {
    const asked = this.#servers.get(`${protocol} ${to}`);
    if (asked !== undefined) {
      if (replyFrom === to) return { server: null };
      return placed(asked.get(replyFrom));
    }
    // A server has spoken first, on a connection that this node has not seen begin.
    return placed(this.#servers.get(`${protocol} ${replyTo}`)?.get(from));
  }
}

function placed(server: string | undefined): FlowPlace | null {
  return server === undefined ? null : { server };
}
