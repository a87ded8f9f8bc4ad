/**
 * The runtime plan: what a configuration means, with every default filled in and every unit fixed.
 *
 * `lower` makes it from a checked configuration; the supervisor numbers it and sends it to the
 * workers as JSON. Durations are in milliseconds, sizes in bytes, 0 means "no limit" only where a
 * field says so. Cross references (route → pool) are indices into the arrays of the same plan.
 * `key` fields name a thing across reloads: same key, same thing.
 */
import type { AddressPlan } from './plan-addresses.ts';
import type { AdminPlan } from './plan-admin.ts';
import type { AgentPlan, CheckPlan } from './plan-check.ts';
import type {
  ProxyAcceptPlan,
  ProxySendPlan,
  SocketPlan,
  TcpListenerPlan,
  UdpListenerPlan,
} from './plan-layer4.ts';
import type { KernelListenerPlan } from './plan-kernel.ts';
import type { CertificatePlan, ServerTlsPlan, TerminationPlan } from './plan-tls.ts';

export type Plan = {
  /** 1 for the first configuration of a supervisor, one more for each applied reload. */
  readonly version: number;
  /** SHA-256 of the canonical plan without `version` and `slot`s, hex. */
  readonly digest: string;
  readonly workers: number;
  readonly admin: AdminPlan | null;
  readonly log: LogPlan;
  readonly limits: LimitsPlan;
  readonly drainMs: number;
  /** Folder for what must outlive a crash; null keeps nothing. */
  readonly stateFolder: string | null;
  /** Whether processes may leave core dumps, in which keys would stand. */
  readonly coreDumps: boolean;
  readonly resolver: ResolverPlan;
  readonly certificates: readonly CertificatePlan[];
  readonly listeners: readonly ListenerPlan[];
  readonly pools: readonly PoolPlan[];
  /** Listeners that no worker sees: the kernel carries them. */
  readonly kernel: readonly KernelListenerPlan[];
  /** Floating addresses. */
  readonly addresses: readonly AddressPlan[];
};

/** An address to listen on, or to connect to. `port` is 0 for a unix socket. */
export type BindPlan = {
  readonly family: 'ipv4' | 'ipv6' | 'unix';
  /** Textual address without brackets, or the path of a unix socket. */
  readonly host: string;
  readonly port: number;
};

export type LogPlan = {
  /** Where the access log goes: `off`, `stdout`, `stderr`, or an absolute path. */
  readonly access: string;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
};

export type LimitsPlan = {
  /** Client connections per worker; past it, accepting pauses until one closes. */
  readonly connections: number;
  /** Bytes of a request head, request line included (431). At most 65536. */
  readonly headBytes: number;
  /** Bytes of a request target (414). */
  readonly uriBytes: number;
  /** Fields of a request or an answer (431, 502). At most 256. */
  readonly fields: number;
  /** Bytes of the head of an answer (502). At most 65536. */
  readonly answerHeadBytes: number;
  /** Bytes of buffered data per worker (503 or the slowest connections closed). */
  readonly bufferMemory: number;
  /** TLS handshakes under way per worker; past it, the one that began first is ended. */
  readonly handshakes: number;
};

export type ListenerPlan = HttpListenerPlan | TcpListenerPlan | UdpListenerPlan;

export type HttpListenerPlan = {
  /** Stable name: the configuration's key. */
  readonly key: string;
  /** Place of the listener's counters in a worker's meter segment; given by the supervisor. */
  readonly slot: number;
  readonly protocol: 'http';
  readonly binds: readonly BindPlan[];
  /** Null speaks in the clear. */
  readonly tls: TerminationPlan | null;
  /** Value of Strict-Transport-Security on every answer over TLS (RFC 6797); "" is none. */
  readonly hsts: string;
  /** Whether an address may be one that no interface has yet. */
  readonly freebind: boolean;
  readonly proxyProtocol: ProxyAcceptPlan | null;
  readonly socket: SocketPlan;
  readonly timeouts: ListenerTimeouts;
  readonly forwarded: ForwardedPlan;
  /** Networks whose own forwarding fields and request id are believed, as CIDR texts. */
  readonly trust: readonly string[];
  /** Whether an answer of our own carries `Ballast-Reason`. */
  readonly reasonHeader: boolean;
  /** Whether `%2F` and `%5C` in a path are kept (true) or refused with 400 (false, the default). */
  readonly allowEncodedSlash: boolean;
  /** Whether runs of slashes in a path become one (the default). */
  readonly mergeSlashes: boolean;
  /** What happens to field names with characters other than letters, digits and "-". */
  readonly unusualFieldNames: 'drop' | 'keep' | 'reject';
  /** Bytes of a request body (413); 0 is no limit. */
  readonly maxBodyBytes: number;
  /** Requests on one client connection before it is closed; 0 is no limit. */
  readonly maxRequests: number;
  readonly errorPages: readonly ErrorPagePlan[];
  /** Whether the access log is written for this listener. */
  readonly accessLog: boolean;
  readonly routes: readonly RoutePlan[];
};

export type ListenerTimeouts = {
  /** The whole request head, from its first byte (from accept for the first request): 408. */
  readonly headMs: number;
  /** No byte of the request body for this long: 408. */
  readonly bodyIdleMs: number;
  /** Least bytes per second of a request body since its start, after bodyIdleMs; 0 is off. */
  readonly bodyMinRate: number;
  /** Between two requests on a client connection. */
  readonly keepAliveMs: number;
  /** The client takes no byte of the answer for this long. */
  readonly writeMs: number;
};

export type ForwardedPlan = {
  readonly xForwardedFor: boolean;
  readonly xForwardedProto: boolean;
  readonly xForwardedHost: boolean;
  /** RFC 7239. */
  readonly forwarded: boolean;
  /** RFC 9110 §7.6.3: the pseudonym put into Via on requests and answers; "" sends none. */
  readonly via: string;
  /** `off`, `pass` (make one where a trusted client gave none) or `new` (always make one). */
  readonly requestId: 'off' | 'pass' | 'new';
};

export type ErrorPagePlan = {
  readonly status: number;
  readonly contentType: string;
  /** The page, read when the configuration was loaded. Base64. */
  readonly bodyBase64: string;
};

export type RoutePlan = {
  /** Stable name: `<listener>/<name or 1-based place>`. */
  readonly key: string;
  readonly slot: number;
  /** Lower-case. `shop.example.com` or `*.example.com` (one or more labels). Empty is any. */
  readonly hosts: readonly string[];
  readonly paths: readonly PathPattern[];
  /** Upper-case tokens as given; empty is any. */
  readonly methods: readonly string[];
  readonly headers: readonly FieldCondition[];
  readonly query: readonly FieldCondition[];
  readonly action: RouteAction;
  readonly rewrite: RewritePlan;
  readonly timeouts: RouteTimeouts;
};

/** `prefix` `/api/` matches `/api` and `/api/…`; texts are in canonical form. */
export type PathPattern =
  | { readonly kind: 'exact'; readonly path: string }
  | { readonly kind: 'prefix'; readonly path: string }
  | { readonly kind: 'regex'; readonly source: string };

/** Name lower-case for headers, as given for query. */
export type FieldCondition = {
  readonly name: string;
  readonly test:
    | { readonly kind: 'present' }
    | { readonly kind: 'absent' }
    | { readonly kind: 'exact'; readonly value: string }
    | { readonly kind: 'regex'; readonly source: string };
};

export type RouteAction =
  | { readonly kind: 'pools'; readonly pools: readonly WeightedPool[] }
  | { readonly kind: 'redirect'; readonly status: number; readonly to: RedirectTarget }
  | {
      readonly kind: 'respond';
      readonly status: number;
      readonly fields: readonly FieldPair[];
      readonly bodyBase64: string;
    };

export type WeightedPool = { readonly pool: number; readonly weight: number };

/**
 * Parts left null are taken from the request. `prefix` replaces what the route's prefix matched. The
 * port is that of the scheme where the configuration gives a scheme without a port.
 */
export type RedirectTarget = {
  readonly scheme: 'http' | 'https' | null;
  readonly host: string | null;
  readonly port: number | null;
  readonly path: string | null;
  readonly prefix: string | null;
  readonly keepQuery: boolean;
};

export type FieldPair = { readonly name: string; readonly value: string };

export type RewritePlan = {
  /** Value of Host for the server; null keeps the client's. */
  readonly host: string | null;
  /** The whole path; null keeps it. */
  readonly path: string | null;
  /** Replaces the part that the route's prefix matched; null keeps it. */
  readonly prefix: string | null;
  readonly request: FieldEdits;
  readonly response: FieldEdits;
};

/** Applied in this order: remove, set (remove and add), add. Names lower-case in `remove`. */
export type FieldEdits = {
  readonly remove: readonly string[];
  readonly set: readonly FieldPair[];
  readonly add: readonly FieldPair[];
};

export type RouteTimeouts = {
  /** From the request sent to the first byte of the answer: 504. */
  readonly firstByteMs: number;
  /** No byte of the answer's body for this long. */
  readonly bodyIdleMs: number;
  /** Nothing either way in a tunnel. */
  readonly tunnelMs: number;
};

export type PoolPlan = {
  readonly key: string;
  readonly slot: number;
  readonly balance: BalancePlan;
  /** Those with an address; `names` adds others while it runs. May be empty where `names` is not. */
  readonly servers: readonly ServerPlan[];
  /** Servers given by name: the supervisor turns them into entries of `servers`. */
  readonly names: readonly NamePlan[];
  readonly check: CheckPlan | null;
  /**
   * Index of the pool whose verdicts count for this one too, server by server (of the same name,
   * else of the same host); null has its own. Never together with `check`.
   */
  readonly verdictsOf: number | null;
  readonly agent: AgentPlan | null;
  readonly passive: PassivePlan | null;
  /** A server that comes back takes its full share only after this time; 0 is at once. */
  readonly slowStartMs: number;
  /** What happens to sessions of layer 4 and tunnels on a server that has failed. */
  readonly onDown: 'keep' | 'close';
  readonly connectMs: number;
  readonly socket: SocketPlan;
  /** Local address that connections to servers come from, port 0; null: the kernel chooses. */
  readonly source: BindPlan | null;
  readonly sendProxy: ProxySendPlan | null;
  /** Null speaks in the clear. */
  readonly tls: ServerTlsPlan | null;
  readonly queue: { readonly size: number; readonly timeoutMs: number };
  readonly idle: IdlePlan;
  readonly retry: RetryPlan;
};

/** How a server is chosen. */
export type BalancePlan = {
  readonly kind:
    | 'round-robin'
    | 'least-connections'
    | 'random-of-two'
    | 'least-time'
    | 'first'
    | 'maglev'
    | 'ring';
  /** What is hashed; for maglev and ring, else null. What a request lacks is its source address. */
  readonly hash: HashPlan | null;
  /**
   * A server with more than this share of the mean load passes a request on to the next of its
   * key: 125 is a quarter more than the mean; 0 is no bound. For maglev and ring.
   */
  readonly boundedLoadPercent: number;
};

/** Name lower-case for headers, as given for cookies and query parameters. */
export type HashPlan =
  | { readonly kind: 'source' }
  | { readonly kind: 'source-port' }
  | { readonly kind: 'uri'; readonly query: boolean }
  | { readonly kind: 'header' | 'cookie' | 'query'; readonly name: string };

/** Servers are ejected for what is seen of them in passing. */
export type PassivePlan = {
  /** Failures in a row, over all workers, that eject a server. */
  readonly failures: number;
  /** What counts: connections refused or timed out; 502 to 504 of the server; resets and truncation. */
  readonly on: readonly ('connect' | 'gateway-error' | 'reset')[];
  /** Length of the first ejection; each further one doubles it. */
  readonly ejectMs: number;
  readonly ejectMaxMs: number;
  /** At most this share of the pool's servers is ejected at once, in percent; at least one may be. */
  readonly maxEjectedPercent: number;
};

/** Servers that a name stands for. */
export type NamePlan = {
  /** Stable name: `<pool>/<name>`; its servers are `<pool>/<name>/<address>`. */
  readonly key: string;
  readonly name: string;
  /** `address`: A and AAAA. `srv`: SRV, which gives ports, weights and priorities. */
  readonly kind: 'address' | 'srv';
  /** The name that is looked up, without a dot at its end. */
  readonly host: string;
  /** For `address`. */
  readonly port: number;
  readonly family: 'any' | 'ipv4' | 'ipv6';
  readonly weight: number;
  readonly maxConnections: number;
  readonly backup: boolean;
  /** `tlsName` of its servers; "" is the address of each. */
  readonly tlsName: string;
};

/** How names are looked up. */
export type ResolverPlan = {
  /** Asked in turn; empty: those of /etc/resolv.conf, read anew when it changes. */
  readonly servers: readonly BindPlan[];
  readonly timeoutMs: number;
  /** Times to live are taken as at least and at most this. */
  readonly ttlMinMs: number;
  readonly ttlMaxMs: number;
  /** How long the last known addresses serve on after answers have become empty or have failed. */
  readonly keepMs: number;
};

export type ServerPlan = {
  /** Stable name: `<pool>/<name>`; the name is the address where none is given. */
  readonly key: string;
  readonly name: string;
  readonly slot: number;
  readonly address: BindPlan;
  /** 0 takes no new requests; at most 256. */
  readonly weight: number;
  /** Requests (layer 4: sessions) at once over all workers; 0 is no limit. */
  readonly maxConnections: number;
  /** Serves only while no server that is not a backup is up. */
  readonly backup: boolean;
  /** Where its check goes instead of `address` and the check's port; null: there. */
  readonly checkAddress: BindPlan | null;
  /**
   * Name for SNI (unless it is an IP address) and the certificate: as configured; else the name of
   * the file that stands for the server, else its address; `localhost` for a unix socket.
   */
  readonly tlsName: string;
};

/** Connections to servers that wait for their next request, per worker. */
export type IdlePlan = {
  readonly perServer: number;
  readonly timeoutMs: number;
  /** A connection older than this is not used again. */
  readonly maxAgeMs: number;
  /** Requests on one connection; 0 is no limit. */
  readonly maxRequests: number;
};

export type RetryPlan = {
  /** Further tries after the first; 0 turns retries off, stale idle connections excepted. */
  readonly attempts: number;
  /**
   * Statuses of an answer that are tried again on another server: idempotent methods only
   * (RFC 9110 §9.2.2).
   */
  readonly statuses: readonly number[];
  /** Retries in percent of the pool's live requests; at least `budgetMin` are always allowed. */
  readonly budgetPercent: number;
  readonly budgetMin: number;
  /** Bytes of a request (head and body) kept to be sent again. */
  readonly bufferBytes: number;
};
