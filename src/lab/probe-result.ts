/** What the probe writes down; times are in ms since it began. */

/** One request on a connection of its own. `endMs` is when it was answered or given up. */
export type FreshRequest = {
  readonly startMs: number;
  readonly endMs: number;
  readonly fault: string;
};

/** Who answered one question for the address, by the last bytes of their MACs. */
export type OwnerLook = { readonly atMs: number; readonly macs: readonly string[] };

export type Lived = { readonly opened: number; readonly lost: number };

/** One datagram of a flow that goes on all the time. */
export type Datagram = { readonly atMs: number; isAnswered: boolean };

export type ProbeResult = {
  readonly fresh: readonly FreshRequest[];
  /** On connections that are kept. */
  readonly kept: { readonly sent: number; readonly failed: number };
  readonly established: Readonly<Record<'ping' | 'idle' | 'push', Lived>>;
  readonly datagrams: readonly Datagram[];
  readonly owners: readonly OwnerLook[];
  /** Longest time that the probe itself was kept from running. */
  readonly ownStallMs: number;
};

export const PORTS = { http: 80, tcp: 81, udp: 82 } as const;
