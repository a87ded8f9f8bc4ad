/** The parts of a plan that belong to layer 4: listeners for tcp and udp, and their sockets. */
import type { TerminationPlan } from './plan-tls.ts';
import type { BindPlan, WeightedPool } from './plan.ts';

/** The PROXY protocol towards us, versions 1 and 2. */
export type ProxyAcceptPlan = {
  /**
   * Networks whose connections must begin with a PROXY header, as CIDR texts. From others none is
   * accepted: a connection that begins with one is refused.
   */
  readonly from: readonly string[];
};

/** The PROXY protocol towards servers. */
export type ProxySendPlan = {
  readonly version: 1 | 2;
  /** Version 2: what PP2_TYPE_AUTHORITY is sent from (SNI), and whether PP2_TYPE_UNIQUE_ID is. */
  readonly authority: boolean;
  readonly uniqueId: boolean;
  /** Version 2: whether a CRC32C of the header is sent. */
  readonly checksum: boolean;
};

/** TCP keep-alive probes (tcp(7)); whole seconds. */
export type KeepAlivePlan = {
  readonly idleS: number;
  readonly intervalS: number;
  readonly probes: number;
};

/** What is set on the sockets of one side. */
export type SocketPlan = {
  /** Null sends no probes. */
  readonly keepAlive: KeepAlivePlan | null;
  /** TCP_USER_TIMEOUT: unacknowledged data for so long ends the connection; 0 is the kernel's. */
  readonly userTimeoutMs: number;
};

export type TcpListenerPlan = {
  readonly key: string;
  readonly slot: number;
  readonly protocol: 'tcp';
  readonly binds: readonly BindPlan[];
  /** How TLS is ended on routes that do not pass it on; null ends none. */
  readonly tls: TerminationPlan | null;
  readonly freebind: boolean;
  readonly proxyProtocol: ProxyAcceptPlan | null;
  readonly socket: SocketPlan;
  readonly timeouts: TcpTimeouts;
  readonly accessLog: boolean;
  /** Tried in order of the most specific match; see docs/tcp.md. */
  readonly routes: readonly TcpRoutePlan[];
};

export type TcpTimeouts = {
  /** A PROXY header and a ClientHello, together, from the accept. */
  readonly helloMs: number;
  /** No byte either way. */
  readonly idleMs: number;
  /** No byte the other way after one side has finished. */
  readonly halfClosedMs: number;
};

export type TcpRoutePlan = {
  /** Stable name: `<listener>/<name or 1-based place>`. */
  readonly key: string;
  readonly slot: number;
  /** Server names of a ClientHello, lower-case: `db.example.com` or `*.example.com`. Empty: any. */
  readonly sni: readonly string[];
  /** Protocols of ALPN, one of which the client must offer. Empty: any. */
  readonly alpn: readonly string[];
  /** Whether TLS is passed on as it came, where the listener ends it otherwise. */
  readonly passthrough: boolean;
  /** At least one. */
  readonly pools: readonly WeightedPool[];
};

export type UdpListenerPlan = {
  readonly key: string;
  readonly slot: number;
  readonly protocol: 'udp';
  readonly binds: readonly BindPlan[];
  readonly freebind: boolean;
  /**
   * `session`: what comes from one client address and port goes to one server, answers come back.
   * `packet`: each datagram is on its own (DNS): one answer is awaited for up to `answerMs`.
   */
  readonly mode: 'session' | 'packet';
  /** Exactly one: all datagrams go to one pool. */
  readonly routes: readonly UdpRoutePlan[];
  /** Sessions (or awaited answers) per worker; past it, datagrams of new clients are dropped. */
  readonly sessions: number;
  /** No datagram either way ends a session. */
  readonly idleMs: number;
  /** Mode packet: how long an answer is awaited. */
  readonly answerMs: number;
  readonly accessLog: boolean;
};

export type UdpRoutePlan = {
  /** `<listener>/default`. */
  readonly key: string;
  readonly slot: number;
  readonly pool: number;
};
