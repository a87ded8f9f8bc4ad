/** The part of a plan that belongs to floating addresses: what the guardian holds, and when. */
import type { BindPlan } from './plan.ts';

/**
 * Addresses that stand on one node of several at a time. All entries with the same `group` are
 * elected together and always stand on one node; `elections` of src/guard joins them.
 */
export type AddressPlan = {
  /** Stable name: the configuration's key. */
  readonly key: string;
  /** Sync group; an entry that names none is a group of its own, named like its key. */
  readonly group: string;
  /** Name of the interface, at most 15 bytes. */
  readonly interface: string;
  /** At least one. IPv4 and IPv6 make one virtual router each (RFC 9568 §1.2) of the same vrid. */
  readonly ips: readonly FloatingIpPlan[];
  /** Set after the addresses, gone with them. */
  readonly routes: readonly FloatingRoutePlan[];
  readonly vrrp: VrrpPlan;
  /** Valid lifetime of an address in the kernel, whole seconds in ms; 0 is for ever. */
  readonly leaseMs: number;
  /** Who else must be heard on the link before a node believes in its own; empty: the gateway. */
  readonly witnesses: readonly string[];
  readonly tracks: readonly TrackPlan[];
  /** Null does not look at the data path. */
  readonly health: DataPathPlan | null;
};

export type FloatingIpPlan = {
  readonly family: 'ipv4' | 'ipv6';
  /** Canonical text, without prefix. */
  readonly host: string;
  readonly prefix: number;
  readonly scope: 'global' | 'link' | 'host';
  /** Whether it stands in advertisements. */
  readonly advertise: boolean;
};

export type FloatingRoutePlan = {
  readonly family: 'ipv4' | 'ipv6';
  /** Destination: address and prefix length; `0.0.0.0` and 0 for the default route. */
  readonly host: string;
  readonly prefix: number;
  readonly via: string | null;
  readonly source: string | null;
  /** 0 is the main table, 254. */
  readonly table: number;
  readonly metric: number;
};

export type VrrpPlan = {
  /** Virtual router identifier, 1 to 255. */
  readonly id: number;
  /** 2 is RFC 3768, for IPv4 alone; 3 is RFC 9568. IPv6 speaks 3 always. */
  readonly version: 2 | 3;
  /** 1 to 254; 255 for who owns the address. */
  readonly priority: number;
  /** Advertisement interval: 10 to 40,950; whole seconds for version 2. */
  readonly intervalMs: number;
  /** Intervals without an advertisement after which the active one is taken for dead: 1 to 100. */
  readonly misses: number;
  /** Unicast peers of both families; empty: multicast. */
  readonly peers: readonly string[];
  /** Source of advertisements; null: the interface's first address of the family. */
  readonly source: string | null;
  /** Whether a higher priority takes the address from a node that is well. */
  readonly preempt: boolean;
  readonly preemptDelayMs: number;
  /** `compat`: version 3 over IPv4 with the pseudo-header, as keepalived and FRR do. */
  readonly checksum: 'compat' | 'rfc9568';
  readonly auth: VrrpAuthPlan | null;
  /** Whether the addresses have the Ethernet address of the virtual router (RFC 9568 §7.3). */
  readonly virtualMac: boolean;
  /** A second way by which the same router is heard; null: none. */
  readonly second: SecondPathPlan | null;
};

/** Authentication trailer as keepalived 2.4 has it (draft-cassen-vrrp-auth-hmac). */
export type VrrpAuthPlan = {
  /** The first one signs, all are accepted. Files hold 32 to 64 bytes in hexadecimal. */
  readonly keys: readonly { readonly id: number; readonly file: string }[];
  readonly mode: 'receive-only' | 'permissive' | 'enforce';
  readonly replay: 'monotonic' | 'time';
};

export type SecondPathPlan = {
  readonly interface: string;
  /** Empty: multicast on that interface. */
  readonly peers: readonly string[];
};

/** What lowers the priority by `weight` while it fails; 0 gives the address up. */
export type TrackPlan = { readonly key: string; readonly weight: number } & (
  | { readonly kind: 'interface'; readonly interface: string }
  | {
      readonly kind: 'gateway';
      readonly host: string;
      readonly everyMs: number;
      readonly timeoutMs: number;
      readonly rise: number;
      readonly fall: number;
    }
  | {
      readonly kind: 'script';
      readonly command: readonly string[];
      readonly everyMs: number;
      readonly timeoutMs: number;
      readonly rise: number;
      readonly fall: number;
    }
  | { readonly kind: 'file'; readonly path: string }
  | {
      readonly kind: 'pool';
      /** Key of the pool. */
      readonly pool: string;
      /** Fails while fewer servers than this can be used. */
      readonly minUp: number;
    }
);

/** How the guardian sees whether the data path answers. */
export type DataPathPlan = {
  readonly everyMs: number;
  readonly timeoutMs: number;
  readonly rise: number;
  readonly fall: number;
  /** Listeners that the address carries: it connects to each of them. */
  readonly listeners: readonly DataPathTarget[];
};

export type DataPathTarget = {
  readonly listener: string;
  readonly bind: BindPlan;
  /** Whether an answer to a request can be awaited, beside the connection. */
  readonly speaksHttp: boolean;
};
